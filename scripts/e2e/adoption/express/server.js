import express from 'express';
import promBundle from 'express-prom-bundle';

// Express with express-prom-bundle as its README shows it: no options.
const app = express();
app.use(promBundle());

let requests = 0;
const isOneIn = (share) => share > 0 && requests % Math.round(1 / share) === 0;

app.get('/checkout', async (_request, response) => {
  requests++;
  if (isOneIn(Number(process.env.ERRORS ?? 0))) return void response.status(500).json({ accepted: false });
  if (isOneIn(Number(process.env.SLOW ?? 0))) await new Promise((resolve) => setTimeout(resolve, 700));
  response.json({ accepted: true });
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
);
