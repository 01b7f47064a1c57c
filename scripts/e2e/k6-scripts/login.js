// The session of a shop: log in once, then buy with the token that setup() returns.
import { check } from 'k6';
import http from 'k6/http';

const base = __ENV.BASE_URL;

export const options = {
  scenarios: {
    buyers: {
      executor: 'constant-arrival-rate',
      rate: 20,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
};

export function setup() {
  const response = http.post(`${base}/login`, JSON.stringify({ user: 'ada' }), {
    headers: { 'Content-Type': 'application/json' },
  });
  return { token: response.json('token') };
}

export default function buy({ token }) {
  const response = http.post(`${base}/checkout`, null, { headers: { Authorization: `Bearer ${token}` } });
  check(response, { 'the order is accepted': (r) => r.status === 200 && r.json('accepted') === true });
}

export function teardown({ token }) {
  http.post(`${base}/logout`, null, { headers: { Authorization: `Bearer ${token}` } });
}
