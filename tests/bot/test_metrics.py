from bot.metrics import Metrics


def test_numbers_are_counted_in_a_registry_of_their_own() -> None:
    metrics, other = Metrics(), Metrics()
    metrics.commands.labels("room create", "done").inc()
    metrics.ack_seconds.labels("http").observe(0.002)
    metrics.cards_behind.set_function(lambda: 7)
    text = metrics.render().decode()
    assert 'showcaller_commands_total{outcome="done",path="room create"} 1.0' in text
    assert 'showcaller_ack_seconds_bucket{le="0.0025",transport="http"} 1.0' in text
    assert "showcaller_cards_behind 7.0" in text
    assert "process_resident_memory_bytes" in text
    assert "room create" not in other.render().decode()
