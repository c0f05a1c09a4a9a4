import random

from bastion.proxy.half_open import Arrival, Complaints, HalfOpen, Silent


def test_T14_one_source_drops_its_own_oldest():
    door, dropped = HalfOpen(most=9, most_from_one=2), []
    first = Arrival("a", lambda: dropped.append("first"))
    for arrival in (first, Arrival("a", lambda: dropped.append("second")), Arrival("a", lambda: dropped.append("3"))):
        door.came(arrival)
    assert (dropped, len(door)) == (["first"], 2)


def test_T14_when_all_is_full_the_busiest_source_pays():
    door, dropped = HalfOpen(most=3, most_from_one=9), []
    for source in ("quiet", "busy", "busy", "new"):
        door.came(Arrival(source, lambda s=source: dropped.append(s)))
    assert dropped == ["busy"]


def test_whoever_has_proved_a_key_is_dropped_last():
    door, dropped = HalfOpen(most=9, most_from_one=2), []
    door.came(Arrival("a", lambda: dropped.append("with key"), key_proved=True))
    door.came(Arrival("a", lambda: dropped.append("without")))
    door.came(Arrival("a", lambda: dropped.append("newcomer")))
    assert dropped == ["without"]


def test_the_newcomer_is_kept_even_against_proved_keys():
    door, dropped = HalfOpen(most=9, most_from_one=1), []
    door.came(Arrival("a", lambda: dropped.append("with key"), key_proved=True))
    door.came(Arrival("a", lambda: dropped.append("newcomer")))
    assert dropped == ["with key"]


def test_leaving_twice_counts_once_and_makes_room():
    door, dropped = HalfOpen(most=9, most_from_one=1), []
    first = Arrival("a", lambda: dropped.append("first"))
    door.came(first)
    door.left(first)
    door.left(first)
    door.came(Arrival("a", lambda: dropped.append("second")))
    assert (dropped, len(door)) == ([], 1)


def test_a_source_with_nobody_left_is_forgotten():
    door = HalfOpen()
    for number in range(300):
        arrival = Arrival(f"192.0.2.{number}", lambda: None)
        door.came(arrival)
        door.left(arrival)
    assert len(door._sources) == 0


def test_a_flood_of_failures_is_not_written_down_line_by_line():
    time = [0.0]
    complaints = Complaints(a_minute=3, monotonic=lambda: time[0])
    assert [complaints.heard("a") for _ in range(5)] == [True, True, True, False, False]
    assert complaints.heard("b")
    time[0] = 61.0
    assert complaints.heard("a")


def test_T14_silent_callers_are_counted_by_source_until_they_are_told():
    silent = Silent()
    assert [silent.count(source) for source in ("192.0.2.1", "192.0.2.1", "2001:db8::1")] == [True, False, False]
    assert silent.take() == {"192.0.2.1": 2, "2001:db8::1": 1}
    assert silent.take() == {}
    assert silent.count("192.0.2.1")


def test_T14_very_many_sources_are_told_by_network_and_none_is_lost():
    silent = Silent(most=4)
    for number in range(100):
        silent.count(f"192.0.2.{number}")
    silent.count("198.51.100.7")
    silent.count("2001:db8:0:7::1%eth0")
    assert silent.take() == {"192.0.2.0/24": 100, "198.51.100.0/24": 1, "2001:db8:0:7::/64": 1}
    silent.count("192.0.2.1")
    assert silent.take() == {"192.0.2.1": 1}, "once told, addresses are told apart again"


def test_T14_a_flood_from_everywhere_needs_no_more_room():
    silent, chance = Silent(most=8), random.Random(7)
    for _ in range(5000):
        silent.count(".".join(str(chance.randrange(256)) for _ in range(4)))
        silent.count("")
        silent.count(":".join(f"{chance.randrange(65536):x}" for _ in range(8)))
        assert len(silent._counts) <= 8
    assert silent.take() == {"0.0.0.0/0": 5000, "": 5000, "::/0": 5000}
