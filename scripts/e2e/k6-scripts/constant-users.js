// Constant virtual users with cookies: the shop counts the visits of each.
import { check, sleep } from 'k6';
import http from 'k6/http';

export const options = { vus: 3, duration: '4s' };

export default function visit() {
  const jar = http.cookieJar();
  jar.set(__ENV.BASE_URL, 'visitor', `user-${__VU}`);
  const response = http.get(`${__ENV.BASE_URL}/`);
  check(response, { 'the shop knows the visitor': (r) => r.json('visitor') === `user-${__VU}` });
  sleep(0.1);
}
