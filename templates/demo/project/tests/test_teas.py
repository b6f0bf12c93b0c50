from teatime.teas import TEAS


def test_every_tea_has_a_time_and_a_temperature() -> None:
    assert all(seconds > 0 and 60 <= celsius <= 100 for seconds, celsius in TEAS.values())
