"""Environment variables that would spoil a Run if k6 saw them."""

from __future__ import annotations

PROXIES = tuple(
    spelled for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for spelled in (name, name.lower())
)
SETTINGS = {
    "NO_PROXY": "*",
    "no_proxy": "*",
    "K6_DURATION": "1s",
    "K6_VUS": "3",
    "K6_ITERATIONS": "2",
    "K6_STAGES": "1s:2",
    "K6_LOG_OUTPUT": "stdout",
    "K6_LOG_FORMAT": "json",
    "K6_SYSTEM_TAGS": "url",
    "K6_OUT": "json=/nonexistent/out.json",
    "K6_CSV_FILENAME": "/nonexistent/out.csv",
    "K6_CSV_SAVE_INTERVAL": "1h",
    "K6_CSV_TIME_FORMAT": "rfc3339",
    "K6_CONFIG": "/nonexistent/config.json",
    "K6_ADDRESS": "nowhere:1",
    "K6_NO_SUMMARY": "true",
    "K6_SUMMARY_MODE": "disabled",
    "K6_SUMMARY_EXPORT": "/nonexistent/summary.json",
    "K6_NO_SETUP": "true",
    "K6_NO_TEARDOWN": "true",
    "K6_HTTP_DEBUG": "full",
    "K6_VERBOSE": "true",
    "K6_PAUSED": "true",
    "K6_RPS": "1",
    "K6_BATCH_PER_HOST": "1",
    "K6_NO_CONNECTION_REUSE": "true",
    "K6_NO_VU_CONNECTION_REUSE": "true",
    "K6_INSECURE_SKIP_TLS_VERIFY": "true",
    "K6_BLACKLIST_IPS": "127.0.0.0/8",
    "K6_BLOCK_HOSTNAMES": "*",
    "K6_THROW": "true",
    "K6_DISCARD_RESPONSE_BODIES": "false",
    "K6_USER_AGENT": "someone else",
    "K6_TYPE": "archive",
    "K6_EXECUTION_SEGMENT": "0:1/4",
    "K6_INCLUDE_SYSTEM_ENV_VARS": "false",
    "SSLKEYLOGFILE": "/nonexistent/keys",
    "STALLWATCH_URL": "http://nowhere.test/",
    "STALLWATCH_RATE_PER_S": "1",
}
