// Two scenarios at once, each with its own function, and a ramp.
import http from 'k6/http';

const base = __ENV.BASE_URL;

export const options = {
  scenarios: {
    readers: {
      executor: 'ramping-arrival-rate',
      startRate: 5,
      timeUnit: '1s',
      preAllocatedVUs: 10,
      stages: [
        { target: 20, duration: '2s' },
        { target: 20, duration: '2s' },
      ],
      exec: 'read',
    },
    buyers: {
      executor: 'per-vu-iterations',
      vus: 2,
      iterations: 10,
      startTime: '1s',
      exec: 'buy',
      env: { ROUTE: '/checkout' },
    },
  },
};

export function read() {
  http.get(`${base}/products`);
}

export function buy() {
  http.post(`${base}${__ENV.ROUTE}`, null, { headers: { Authorization: 'Bearer shop-token' } });
}
