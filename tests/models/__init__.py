import pytest

# Their assertions are those of tests that derive from them.
pytest.register_assert_rewrite("tests.models.contract", "tests.models.make_an_audio_cases")
