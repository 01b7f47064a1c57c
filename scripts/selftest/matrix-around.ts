import { countingFront } from './counting-front.ts';
import {
  admit,
  answerGarbage,
  block,
  dropSeries,
  refuse,
  refuseShare,
  renameMetric,
  shiftClock,
} from './misbehaviour.ts';
import { passOn } from './relay.ts';
import { type Expected, type Injector, MET, MIDDLE, missed, type Row } from './row.ts';

/** Faults around the service: in the network, and between service, Prometheus and harness. */

const meanwhile = (change: (injector: Injector) => Promise<unknown>) => async (injector: Injector) => {
  await injector.afterRequests(MIDDLE);
  await change(injector);
};

const slowNetwork = (ms: number, expected: Expected): Row => ({
  name: `network-${ms}ms`,
  fault: `the network adds ${ms} ms, unseen by the service`,
  stage: { network: true },
  inject: ({ stage }) => stage!.network!.poison('latency', { latency: ms }),
  expected,
});

const wrongClock = (direction: 'ahead' | 'behind', seconds: number): Row => ({
  name: `clock-${direction}`,
  fault: `Prometheus’s clock is ${Math.abs(seconds)} s ${direction}`,
  stage: { api: () => shiftClock(seconds) },
  expected: { exitCode: 3, by: ['clocks-agree'] },
});

const theWay: readonly Row[] = [
  {
    name: 'around-healthy',
    fault: 'none, with toxiproxy and every relay in between',
    stage: { network: true, front: () => passOn },
    expected: MET,
  },
  slowNetwork(150, MET),
  slowNetwork(230, missed('latency-p95')),
  {
    name: 'connections-dropped',
    fault: 'every connection is reset for 1 s',
    stage: { network: true },
    inject: meanwhile(async ({ stage, pause }) => {
      await stage!.network!.poison('reset_peer', { timeout: 0 });
      await pause(1_000);
      await stage!.network!.cure();
    }),
    expected: { exitCode: 1, by: ['error-rate'] },
  },
  {
    name: 'connections-refused',
    fault: 'connections are refused from the middle of the load',
    stage: { network: true },
    inject: meanwhile(({ stage }) => stage!.network!.cut()),
    expected: { exitCode: 1, by: ['error-rate'] },
  },
  {
    name: 'nobody-there',
    fault: 'connections are refused from the start',
    stage: { network: true },
    inject: ({ stage }) => stage!.network!.cut(),
    expected: { exitCode: 4, by: ['warm-up'] },
  },
  {
    name: 'front-refuses',
    fault: 'a proxy responds to 3% with 503, unseen by the service',
    stage: { front: () => refuseShare(3) },
    expected: { exitCode: 3, by: ['client-and-server-agree', 'error-rate'] },
  },
  {
    name: 'grouped-statuses',
    fault: '3% are refused with 429, and statuses are counted by class (4xx)',
    stage: { counting: () => countingFront([{ status: 429, percent: 3 }], true) },
    options: ['--no-abort'],
    expected: missed('error-rate'),
  },
  {
    name: 'unasked-responses',
    fault: '0.9% of the requests get a 404 and 0.8% a 302: no kind is over 1% alone',
    stage: {
      counting: () =>
        countingFront([
          // The shares differ, so that they rarely affect the same request.
          { status: 404, percent: 0.9 },
          { status: 302, percent: 0.8 },
        ]),
    },
    expected: { exitCode: 3, by: ['requests-valid', 'failures-judged'] },
  },
  {
    name: 'service-too-slow',
    fault: 'the service accepts 10 of 50 requests per second',
    stage: { front: () => admit(10) },
    // If nothing else stops the load, the guard for existing services does.
    options: ['--no-abort'],
    expected: { exitCode: 1, by: ['error-rate'] },
  },
  {
    name: 'service-restarted',
    fault: 'the service is killed and restarted',
    stage: {},
    inject: meanwhile(async ({ stage, signal }) => {
      signal('service', 'SIGKILL');
      await stage!.restartService();
    }),
    expected: { exitCode: 1, by: ['error-rate'] },
  },
  {
    name: 'service-replaced',
    fault: 'another process takes over without losing a request',
    stage: { network: true },
    inject: meanwhile(({ stage }) => stage!.replaceService()),
    expected: { exitCode: 3, by: ['service-not-restarted'] },
  },
];

const theScrapes: readonly Row[] = [
  {
    name: 'prometheus-late',
    fault: 'Prometheus is started 8 s late, before the load',
    stage: { withoutPrometheus: true },
    inject: async ({ stage, pause }) => {
      await pause(8_000);
      await stage!.startPrometheus();
    },
    expected: MET,
  },
  {
    name: 'prometheus-too-late',
    fault: 'Prometheus is restarted without data during the load',
    stage: {},
    inject: meanwhile(({ stage }) => stage!.startPrometheus()),
    expected: { exitCode: 3, by: ['edges-scraped'] },
  },
  {
    name: 'scrape-blocked',
    fault: 'scrapes get no response for 5 s',
    stage: {},
    inject: meanwhile(async ({ stage, pause }) => {
      stage!.scrape.behaviour = block;
      await pause(5_000);
      stage!.scrape.behaviour = passOn;
    }),
    expected: { exitCode: 3, by: ['model-uptime'] },
  },
  {
    name: 'scrapes-mostly-failed',
    fault: 'most scrapes fail, but those at both edges work',
    stage: {},
    inject: async ({ stage, afterRequests, pause }) => {
      await afterRequests(40);
      stage!.scrape.behaviour = refuse;
      await pause(9_000);
      stage!.scrape.behaviour = passOn;
    },
    expected: { exitCode: 3, by: ['scrapes-worked', 'model-uptime'] },
  },
  {
    name: 'scrape-garbage',
    fault: 'scrapes are answered with garbage',
    stage: {},
    inject: meanwhile(async ({ stage }) => {
      stage!.scrape.behaviour = answerGarbage;
    }),
    expected: { exitCode: 3, by: ['edges-scraped'] },
  },
  {
    name: 'metric-renamed',
    fault: 'the latency histogram has another name',
    stage: { scrape: () => renameMetric('http_request_duration_seconds', 'http_server_duration_seconds') },
    expected: { exitCode: 3, by: ['latency-p95', 'latency-p99'] },
  },
  {
    name: 'edge-missing',
    fault: 'the histogram has no bucket edge at 200 ms; the edge at 150 ms has enough responses',
    stage: { scrape: () => dropSeries(/^http_request_duration_seconds_bucket\{le="0\.2",/) },
    expected: MET,
  },
  {
    name: 'errors-unseen',
    fault: '1.2% of the requests fail, but the label set of errors is missing',
    faults: 'errors=1.2%',
    stage: { scrape: () => dropSeries(/^http_requests_total\{.*status="5/) },
    expected: { exitCode: 3, by: ['client-and-server-agree', 'error-rate'] },
  },
  {
    name: 'label-set-missing',
    fault: 'the confidences of one sentiment are missing',
    stage: { scrape: () => dropSeries(/^sentiment_prediction_confidence_.*sentiment="NEGATIVE"/) },
    expected: { exitCode: 3, by: ['client-and-server-agree', 'confidence'] },
  },
  {
    name: 'remote-write-healthy',
    fault: 'none; samples reach the queried Prometheus up to 8 s late',
    stage: { remoteWriteSeconds: 8 },
    expected: MET,
  },
  {
    name: 'remote-write-failing',
    fault: '1.2% of the requests fail; samples arrive up to 8 s late',
    faults: 'errors=1.2%',
    stage: { remoteWriteSeconds: 8 },
    expected: missed('error-rate'),
  },
  {
    name: 'scraped-twice',
    fault: 'two jobs scrape the service',
    stage: { isScrapedTwice: true },
    expected: { exitCode: 3, by: ['targets-distinct', 'client-and-server-agree'] },
  },
  {
    name: 'start-time-missing',
    fault: 'the start time of the process is not exported; the client received a response to every request',
    stage: { scrape: () => dropSeries(/^process_(start_time|cpu)_seconds/) },
    expected: MET,
  },
  wrongClock('ahead', 3),
  wrongClock('behind', -3),
];

export const aroundTheService: readonly Row[] = [...theWay, ...theScrapes];
