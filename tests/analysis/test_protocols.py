"""The same settings under several protocols: what cold start, tail and refresh do to a number."""

import pytest

from repro.analysis.protocols.comparison import treatments
from repro.analysis.protocols.view import protocols_chart, protocols_table
from repro.analysis.reading.load import load
from repro.analysis.report import write_report
from tests.analysis.examined import changed, examined, with_environment, with_rows
from tests.factories import make_gpu, make_run


def run_of(protocol, change=lambda row: row, *, run_id, **options):
    run = make_run(gpu=make_gpu(), batch_sizes=(), run_id=run_id * 32, **options)
    return with_environment(with_rows(run, change), protocol=protocol)


def authors(row):
    """No warm-up, a first generation of 40 J more, a tail of 5 J that the counter does not see."""
    if row.warmup:
        return None
    cold_j = 40.0 if row.repeat == 1 else 0.0
    energy_j = 100.0 + cold_j + 5.0
    return changed(
        row, gpu_energy_j=energy_j, gpu_energy_codecarbon_j=energy_j,
        gpu_energy_counter_j=energy_j - 5.0, uncertainty_j=4.0,
    )  # fmt: skip


def paper(row):
    energy_j = 140.0 if row.warmup else 100.0
    return changed(
        row, gpu_energy_j=energy_j, gpu_energy_codecarbon_j=energy_j,
        gpu_energy_counter_j=energy_j, uncertainty_j=4.0,
    )  # fmt: skip


def precise(row):
    return changed(
        row, gpu_energy_j=1000.0, gpu_meter="counter", gpu_energy_counter_j=1000.0,
        uncertainty_j=2.0, generations=10, clips=10, duration_s=10.0,
    )  # fmt: skip


def data_of(*runs):
    return load([examined(run, bundle=f"{number}.zip") for number, run in enumerate(runs)])


@pytest.fixture
def three():
    return data_of(
        run_of("authors", authors, run_id="a", repeats=4),
        run_of("paper", paper, run_id="b", repeats=4),
        run_of("precise", precise, run_id="c", repeats=4),
    )


def by_protocol(data, steps=10):
    return {one.series.protocol: one for one in treatments(data) if one.steps == steps}


def test_energies_are_of_one_generation_and_compared_with_the_precise_ones(three):
    found = by_protocol(three)

    assert found["precise"].energy_j.mean == 100.0
    assert found["precise"].ratio is None
    assert found["paper"].ratio == pytest.approx(1.0)
    assert found["authors"].ratio == pytest.approx(1.15)
    assert {found[name].yardstick for name in ("paper", "authors")} == {"precise"}


def test_a_cold_start_is_in_the_mean_only_where_it_is_not_discarded(three):
    found = by_protocol(three)

    assert (found["authors"].cold_j, found["authors"].cold_in_mean_j) == (40.0, 10.0)
    assert (found["paper"].cold_j, found["paper"].cold_in_mean_j) == (40.0, 0.0)


def test_the_tail_is_what_codecarbon_reads_beyond_the_counter(three):
    found = by_protocol(three)

    assert found["authors"].tail_j == pytest.approx(5.0)
    assert found["paper"].tail_j == pytest.approx(0.0)
    assert found["precise"].tail_j is None


def test_long_windows_share_the_uncertainty_of_the_instrument(three):
    found = by_protocol(three)

    assert found["paper"].instrument_u_j == 4.0
    assert found["precise"].instrument_u_j == pytest.approx(0.2)


def test_cold_start_and_tail_account_for_what_the_authors_have_too_much(three):
    one = by_protocol(three)["authors"]

    assert one.energy_j.mean - 100.0 == pytest.approx(one.cold_in_mean_j + one.tail_j)


def test_one_protocol_alone_has_nothing_beside_it():
    data = data_of(run_of("paper", paper, run_id="b"))

    assert treatments(data) == ()
    assert protocols_table(data, ()).rows == ()
    assert protocols_chart(data, ()) is None


def test_other_hardware_is_never_set_beside():
    other = make_run(gpu=make_gpu("NVIDIA H100"), batch_sizes=(), run_id="d" * 32)
    data = data_of(run_of("paper", paper, run_id="b"), with_environment(other, protocol="authors"))

    assert treatments(data) == ()


def test_without_precise_the_paper_is_the_yardstick():
    data = data_of(run_of("authors", authors, run_id="a"), run_of("paper", paper, run_id="b"))

    assert by_protocol(data)["authors"].yardstick == "paper"


def test_a_report_holds_the_table_the_figure_and_the_section_and_takes_them_away(tmp_path):
    runs = [run_of("authors", authors, run_id="a"), run_of("precise", precise, run_id="c")]
    examinations = [examined(run, bundle=f"{run.header.run_id}.zip") for run in runs]
    write_report(examinations, tmp_path)
    page = (tmp_path / "index.html").read_text()
    csv = (tmp_path / "tables/protocols.csv").read_text()

    assert "Protocols side by side" in page
    assert csv.startswith("model,steps,protocol,energy_j_mean,")
    assert (tmp_path / "figures/protocols.svg").exists()
    first = {path.name: path.read_bytes() for path in tmp_path.rglob("protocols.*")}
    write_report(reversed(examinations), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("protocols.*")} == first

    write_report(examinations[:1], tmp_path)
    assert "Protocols side by side" not in (tmp_path / "index.html").read_text()
    assert not list((tmp_path / "figures").glob("protocols.*"))


def test_other_tables_name_the_protocol_where_it_tells_rows_apart(tmp_path):
    runs = [run_of("paper", paper, run_id="b"), run_of("precise", precise, run_id="c")]
    write_report([examined(run, bundle=run.header.run_id) for run in runs], tmp_path)
    assert "| Protocol |" in (tmp_path / "tables/table1.md").read_text()

    write_report([examined(runs[0])], tmp_path)
    assert "| Protocol |" not in (tmp_path / "tables/table1.md").read_text()
