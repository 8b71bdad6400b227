"""Tests of the providers. The shared modules below hold assertions too, so pytest rewrites them like tests."""

import pytest

pytest.register_assert_rewrite(
    "tests.providers.stage",
    "tests.providers.contract",
    "tests.providers.contract_agents",
    "tests.providers.contract_egress",
    "tests.providers.contract_ingress",
    "tests.providers.contract_participants",
    "tests.providers.contract_recordings",
    "tests.providers.contract_rooms",
    "tests.providers.contract_signals",
    "tests.providers.contract_sip",
    "tests.providers.contract_streams",
    "tests.providers.contract_tokens",
    "tests.providers.contract_tracks",
    "tests.providers.contract_webhooks",
)
