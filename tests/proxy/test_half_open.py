from bastion.proxy.half_open import Arrival, Complaints, HalfOpen


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
