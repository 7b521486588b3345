// An open model with two scenarios, half of the rate each: what stalls does not slow down what is sent.
//   kept:  one VU that starts requests on a timer over a few long-lived connections
//   fresh: arrival rate, a new connection for each request; each VU has connections of its own, as HTTP/2
//          dialled many times at once in one VU makes k6 wait for itself
// The rate climbs from 0 for `ramp`, holds, and falls back to 0 within the duration; without ramp it is constant.
import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { Counter } from 'k6/metrics';
import { ask, askMeanwhile, durationMs, grace, longest, vus } from './service.js';

const rate = Number(__ENV.STALLWATCH_RATE_PER_S) / 2; // of each scenario
const rampMs = Number(__ENV.STALLWATCH_RAMP_S) * 1000;
const idle = Math.max(6, Math.ceil(rate)); // connections of `kept` that may wait for their next request

// k6's own metric: what `kept` could not start counts as what `fresh` could not.
const dropped = new Counter('dropped_iterations');

// k6 takes arrival rates as whole numbers a time unit: 2.5/s is 2500 in 1000 s.
const target = Math.max(1, Math.round(rate * 1000));
const constant = { executor: 'constant-arrival-rate', rate: target, duration: `${durationMs}ms` };
const ramping = {
  executor: 'ramping-arrival-rate',
  startRate: 0,
  stages: [
    { target, duration: `${rampMs}ms` },
    { target, duration: `${durationMs - 2 * rampMs}ms` },
    { target: 0, duration: `${rampMs}ms` },
  ],
};

export const options = {
  discardResponseBodies: true,
  batch: Math.max(20, idle),
  batchPerHost: idle,
  scenarios: {
    kept: {
      executor: 'per-vu-iterations',
      exec: 'kept',
      vus: 1,
      iterations: 1,
      maxDuration: longest,
      gracefulStop: grace,
    },
    fresh: Object.assign({}, rampMs > 0 ? ramping : constant, {
      exec: 'fresh',
      timeUnit: '1000s',
      preAllocatedVUs: vus,
      gracefulStop: grace,
    }),
  },
};

// When the x-th request of a scenario starts: the inverse of the rate's integral.
const perMs = rate / 1000;
const inRamp = (perMs * rampMs) / 2;
const planned = perMs * (durationMs - rampMs);
function startMs(x) {
  if (x < inRamp) return Math.sqrt((2 * x * rampMs) / perMs);
  if (x > planned - inRamp) return durationMs - Math.sqrt((2 * Math.max(0, planned - x) * rampMs) / perMs);
  return rampMs + (x - inRamp) / perMs;
}

export function kept() {
  const beganMs = Date.now();
  const count = Math.max(1, Math.floor(planned));
  let inFlight = 0;

  function shoot(number) {
    if (number + 1 < count) {
      // From the plan, not from now: a late timer does not push the later ones. Half a request after `fresh`.
      setTimeout(() => shoot(number + 1), Math.max(0, beganMs + startMs(number + 1.5) - Date.now()));
    }
    if (inFlight >= vus) {
      dropped.add(1);
      return;
    }
    inFlight += 1;
    askMeanwhile('k', number, 'kept').then(() => {
      inFlight -= 1;
    });
  }
  setTimeout(() => shoot(0), startMs(0.5));
}

export function fresh() {
  ask('f', exec.scenario.iterationInTest, 'fresh');
}
