// Smoke: an open model with two scenarios, half of the rate each.
//   kept:  one VU that starts requests on a timer over a few long-lived connections
//   fresh: arrival rate, a new connection for each request
// Everything comes in through __ENV; `hosts` is merged in by the wrapper.
import http from 'k6/http';
import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { Counter, Trend } from 'k6/metrics';

const url = __ENV.STALLWATCH_URL;
const rate = Number(__ENV.STALLWATCH_RATE_PER_S) / 2; // of each scenario
const durationMs = Number(__ENV.STALLWATCH_DURATION_S) * 1000;
const timeoutMs = Number(__ENV.STALLWATCH_TIMEOUT_S) * 1000;
const headers = JSON.parse(__ENV.STALLWATCH_HEADERS || '{}');
const endpoint = __ENV.STALLWATCH_ENDPOINT;

// In-flight requests leave no sample when k6 is interrupted: counting starts tells how many there were.
const started = new Counter('stallwatch_started');
// Where k6 knows no time (every phase 0: refused, black hole, TLS failure), the script's clock does.
const clock = new Trend('stallwatch_clock_ms', true);

http.setResponseCallback(http.expectedStatuses(Number(__ENV.STALLWATCH_EXPECT_STATUS)));

const seconds = (ms) => `${Math.ceil(ms / 1000)}s`;
const grace = seconds(timeoutMs + 1000);

// k6 takes arrival rates as whole numbers a time unit: 2.5/s is 2500 in 1000 s.
export const options = {
  discardResponseBodies: true,
  scenarios: {
    kept: {
      executor: 'per-vu-iterations',
      exec: 'kept',
      vus: 1,
      iterations: 1,
      maxDuration: seconds(durationMs + timeoutMs + 1000),
      gracefulStop: grace,
    },
    fresh: {
      executor: 'constant-arrival-rate',
      exec: 'fresh',
      rate: Math.max(1, Math.round(rate * 1000)),
      timeUnit: '1000s',
      duration: `${durationMs}ms`,
      preAllocatedVUs: Number(__ENV.STALLWATCH_FRESH_VUS),
      gracefulStop: grace,
    },
  },
};

function params(scenario, serial, extra) {
  // `serial` travels as metadata of this request's samples, and of its clock: it joins the two.
  exec.vu.metrics.metadata.serial = `${scenario}${serial}`;
  return {
    headers: Object.assign({}, headers, extra),
    timeout: timeoutMs,
    redirects: 0,
    tags: { name: endpoint },
  };
}

function note(response, scenario, serial, beganMs) {
  if (response.status === 0 && response.timings.blocked + response.timings.duration === 0) {
    exec.vu.metrics.metadata.serial = `${scenario}${serial}`;
    clock.add(Math.max(0.5, Date.now() - beganMs)); // ticks in ms: less than a tick is half a tick
  }
}

export function kept() {
  const gapMs = 1000 / rate;
  const firstMs = Date.now() + gapMs / 2; // between two requests of `fresh`
  const count = Math.max(1, Math.floor(durationMs / gapMs));

  function shoot(serial) {
    if (serial + 1 < count) {
      // From the plan, not from now: a late timer does not push the later ones.
      setTimeout(() => shoot(serial + 1), Math.max(0, firstMs + (serial + 1) * gapMs - Date.now()));
    }
    const beganMs = Date.now();
    started.add(1);
    http.asyncRequest('GET', url, null, params('k', serial)).then((response) => note(response, 'k', serial, beganMs));
  }
  setTimeout(() => shoot(0), gapMs / 2);
}

export function fresh() {
  const serial = exec.scenario.iterationInTest;
  const beganMs = Date.now();
  started.add(1);
  note(http.get(url, params('f', serial, { Connection: 'close' })), 'f', serial, beganMs);
}

export default function () {}
