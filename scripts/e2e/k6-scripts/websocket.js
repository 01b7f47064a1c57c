// A WebSocket in addition to HTTP.
import { check } from 'k6';
import http from 'k6/http';
import { WebSocket } from 'k6/websockets';

export const options = {
  scenarios: {
    listeners: {
      executor: 'constant-arrival-rate',
      rate: 15,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
};

export default function listen() {
  http.get(`${__ENV.BASE_URL}/products`);
  const socket = new WebSocket(`${__ENV.BASE_URL.replace('http', 'ws')}/news`);
  socket.onmessage = ({ data }) => {
    check(data, { 'there is news': (text) => text === 'news' });
    socket.close();
  };
}
