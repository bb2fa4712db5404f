"""What the worker keeps of the calls of a stage, and how it makes them again."""

import pytest

from repro.workers.worker import Recorder, Worker


class Handle:
    def __init__(self, hooks, hook):
        self.hooks, self.hook = hooks, hook

    def remove(self):
        self.hooks.remove(self.hook)


class Module:
    """Has torch's hooks; notes what it is called with."""

    def __init__(self, work=lambda *_, **__: None):
        self.before, self.after, self.work, self.seen = [], [], work, []

    def register_forward_pre_hook(self, hook, *, with_kwargs=False):
        taken = hook if with_kwargs else lambda module, args, _: hook(module, args)
        self.before.append(taken)
        return Handle(self.before, taken)

    def register_forward_hook(self, hook):
        self.after.append(hook)
        return Handle(self.after, hook)

    def __call__(self, *args, **named):
        for hook in list(self.before):
            hook(self, args, named)
        self.seen.append(repr((args, named)))
        self.work(*args, **named)
        for hook in list(self.after):
            hook(self, args, None)


def test_a_replay_makes_every_call_of_the_stage_in_its_order_with_its_inputs():
    first, second, recorder = Module(), Module(), Recorder()
    with recorder.listening({"text": [first, second], "other": [Module()]}):
        first(1, mask="a")
        second(2)
        first(3)
    recorder.replay("text")

    assert first.seen == ["((1,), {'mask': 'a'})", "((3,), {})"] * 2
    assert second.seen == ["((2,), {})"] * 2


def test_inputs_that_a_call_changes_are_those_of_the_generation_in_every_replay():
    cache = []
    module, recorder = Module(lambda cache, *, more: (cache.append(0), more.append(0))), Recorder()
    with recorder.listening({"text": [module]}):
        module(cache, more=[1])
        module(cache, more=[2])
    recorder.replay("text")
    recorder.replay("text")

    assert module.seen == ["(([],), {'more': [1]})", "(([0],), {'more': [2]})"] * 3


def test_what_a_module_calls_itself_is_no_call_of_its_own():
    inner = Module()
    outer, recorder = Module(inner), Recorder()
    with recorder.listening({"outer": [outer], "inner": [inner]}):
        outer()
        inner()
        outer()
    recorder.replay("outer")
    assert len(inner.seen) == 3 + 2
    recorder.replay("inner")
    assert len(inner.seen) == 3 + 2 + 1


def test_nothing_is_kept_of_calls_outside_a_recording_even_after_one_that_failed():
    module, recorder = Module(lambda: 1 / 0), Recorder()
    stages = {"text": [module]}
    with pytest.raises(ZeroDivisionError), recorder.listening(stages):
        module()
    assert (module.before, module.after) == ([], [])
    module.work = lambda *_: None
    with recorder.listening(stages):
        module("kept")
    module("lost")
    recorder.replay("text")
    assert module.seen[-2:] == ["(('lost',), {})", "(('kept',), {})"]


def test_a_stage_without_calls_cannot_be_replayed():
    recorder = Recorder()
    with recorder.listening({"text": [Module()]}):
        pass
    for stage in ("text", "unheard"):
        with pytest.raises(RuntimeError, match=f"stage {stage}: expected calls of its modules"):
            recorder.replay(stage)


def test_the_worker_replays_at_least_once_and_counts_the_denoiser_in_each():
    class Adapter:
        def load(self):
            self.denoiser, self.decoder = Module(), Module()
            self.stages = {"denoising": [self.denoiser], "decoding": [self.decoder]}

        def generate(self):
            for step in range(3):
                self.denoiser(step)
            self.decoder()

    worker = Worker(Adapter())
    worker.load()
    worker.record()
    assert worker.stages() == ["denoising", "decoding"]
    assert worker.replay("denoising", 0.0) == {"replays": 1, "denoiser_calls": 3}
    replayed = worker.replay("decoding", 0.01)
    assert replayed["denoiser_calls"] == 0
    assert len(worker.adapter.decoder.seen) == 1 + replayed["replays"]
