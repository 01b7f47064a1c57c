/** The simplest common implementation, measured next to the service: Fastify, and one call of `pipeline()` per request. */
import { env, pipeline } from '@xenova/transformers';
import fastify from 'fastify';

const [dir] = process.argv.slice(2);
env.allowRemoteModels = false;
env.useFSCache = false;
const classify = await pipeline('sentiment-analysis', dir!, { dtype: 'q8' });

const app = fastify();
app.post<{ Body: { text: string } }>('/predict', async (request) => {
  const [answer] = (await classify(request.body.text)) as { label: string; score: number }[];
  return { sentiment: answer!.label, confidence: answer!.score };
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(JSON.stringify({ msg: 'ready', address }));
