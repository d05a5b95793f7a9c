"""Real-looking JSON events, the same for the same seed."""

import json
import random

CITIES = ["Zürich", "Köln", "São Paulo", "Kraków", "北京", "Oslo", "Nairobi", "Reykjavík"]
KINDS = ["page_view", "add_to_cart", "checkout", "search", "login", "refund"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64)", "okhttp/4.12", "curl/8.5.0", "Dart/3.4 (dart:io)"]


BLOCK = 1000


def events(first, count, seed=20260101):
    """Yields (number, key or None, value) of the events from `first` on; key and value are bytes.

    Every block of a thousand has a seed of its own, so a share begins without making what is
    before it.
    """
    rng = None
    for number in range(first - first % BLOCK, first + count):
        if number % BLOCK == 0:
            rng = random.Random(seed * 1_000_003 + number)
        key, value = event_at(number, rng)
        if first <= number:
            yield number, key, value


def event_at(number, rng):
    """The event of that number, as key and value."""
    user = rng.randrange(50_000)
    event = {
        "id": number,
        "at": 1_767_225_600_000 + number * 7 + rng.randrange(7),
        "kind": rng.choice(KINDS),
        "user": f"user-{user}",
        "city": rng.choice(CITIES),
        "agent": rng.choice(AGENTS),
        "amount": round(rng.lognormvariate(3, 1), 2),
        "tags": rng.sample(["new", "mobile", "beta", "vip", "eu", "retry"], rng.randrange(4)),
    }
    if rng.random() < 0.05:
        event["note"] = "x" * rng.randrange(2_000)
    key = None if rng.random() < 0.1 else event["user"].encode()
    return key, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
