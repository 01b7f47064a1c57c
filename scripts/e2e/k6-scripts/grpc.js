// gRPC in addition to HTTP.
import { check } from 'k6';
import http from 'k6/http';
import grpc from 'k6/net/grpc';

const client = new grpc.Client();
client.load(['.'], 'shop.proto');

export const options = {
  scenarios: {
    prices: {
      executor: 'constant-arrival-rate',
      rate: 15,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
};

export default function price() {
  client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
  const response = client.invoke('shop.Shop/Price', { id: 3 });
  check(response, { 'the price is 11': (r) => r.status === grpc.StatusOK && r.message.price === 11 });
  client.close();
  http.get(`${__ENV.BASE_URL}/products/3`);
}
