"""What holds for all tests: hypothesis judges what comes out, never how long it took on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("ws-tutor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ws-tutor")
