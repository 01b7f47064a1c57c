import { type CopiedColumns, GrowingColumns, recordOf } from '../../../slas/client/columns.ts';
import type { ClientRequests } from '../../../slas/model/model.ts';
import { type CsvRow, CsvRows, tagIn } from './csv-rows.ts';
import { Paths } from './paths.ts';

/** Builds the record of a run from k6's own samples as they arrive. k6 emits these samples for any script. */

/** A request to the target, for observers of the load. */
export interface SeenRequest {
  /** Unix milliseconds. */
  readonly endMs: number;
  /** The duration, including the time for connecting and for TLS. */
  readonly durationMs: number;
  /** The status; 0: no response. */
  readonly status: number;
  /** k6's error code; empty: no error. */
  readonly errorCode?: string;
  readonly path: string;
  /** k6's name of the scenario; in a planned load, this is the phase. */
  readonly scenario: string;
}

/** k6's record of one of its scenarios. */
export interface ScenarioSamples {
  requests: number;
  iterations: number;
  dropped: number;
  /** Unix seconds at which iterations started or were dropped. */
  readonly moments: number[];
  /** The delays that a script with its own schedule reports, and the start of its schedule in Unix milliseconds. */
  readonly lateMs: number[];
  beganMs: number;
}

/** The results of the script library's checks of response bodies. */
export interface BodyChecks {
  /** The number of successful responses that were checked; each response counts once. */
  checked: number;
  wrong: number;
  /** The number of intentionally invalid requests that were refused as documented. */
  refusals: number;
}

export interface Snapshot extends Omit<Recorded, 'client'> {
  readonly columns: CopiedColumns;
}

export interface Recorded {
  readonly client: ClientRequests | null;
  readonly scenarios: ReadonlyMap<string, ScenarioSamples>;
  /** null: no body was checked. */
  readonly bodies: BodyChecks | null;
  /** The number of requests to each other host. */
  readonly elsewhere: ReadonlyMap<string, number>;
  readonly grpc: number;
  readonly webSockets: number;
  /** The number of samples that could not be parsed. */
  readonly unread: number;
}

/** k6's error codes for an address or a host name that it is not allowed to reach. */
const REFUSED = /^111[01]$/;

/** k6 writes milliseconds with six decimal places. */
const nanosOf = (milliseconds: number) => Math.round(milliseconds * 1e6);

/** Metrics of loadtests/lib. They exist only with random arrivals, whose schedule k6 does not know. */
const LATE = 'sla_started_late_ms';
const BEGAN = 'sla_phase_began_at_ms';

/**
 * k6 reports the number of its virtual users every second, even without requests. These samples show how far the record
 * reaches.
 */
const ALIVE = 'vus';

const METRICS = [
  ALIVE,
  'http_req_duration',
  'http_req_blocked',
  'iteration_duration',
  'dropped_iterations',
  'checks',
  'grpc_req_duration',
  'ws_sessions',
  LATE,
  BEGAN,
];

/** Collects the samples of all load generators of a run. */
export class Recorder {
  readonly #columns = new GrowingColumns();
  readonly #paths: Paths;
  readonly #seen: (request: SeenRequest) => void;
  readonly #scenarios = new Map<string, ScenarioSamples>();
  readonly #elsewhere = new Map<string, number>();
  readonly #readers: CsvRows[] = [];
  /** The time of each reader's latest sample, in Unix seconds. */
  readonly #reached: number[] = [];
  #bodies: BodyChecks | null = null;
  #grpc = 0;
  #webSockets = 0;

  /** @param selectors the values of the objectives' `client:` */
  constructor(target: string, selectors: readonly string[], seen: (request: SeenRequest) => void) {
    this.#paths = new Paths(target, selectors);
    this.#seen = seen;
  }

  /** A parser for the rows of one load generator. The rows of two load generators must not be mixed. */
  readerOf(): CsvRows {
    let duration: CsvRow | null = null;
    const own = this.#reached.push(Number.NEGATIVE_INFINITY) - 1;
    const rows = new CsvRows(METRICS, (row) => {
      // k6 writes the samples of a request in consecutive rows.
      if (row.metric === 'http_req_duration') duration = row;
      else if (row.metric === 'http_req_blocked' && duration !== null) {
        this.#request(duration, row.value);
        duration = null;
      } else if (row.metric === ALIVE) this.#reached[own] = row.atMicros / 1e6;
      else this.#other(row);
    });
    this.#readers.push(rows);
    return rows;
  }

  /**
   * The time up to which the record has the samples of every load generator: Unix seconds, or -Infinity until each has sent
   * one.
   */
  get reachesSeconds(): number {
    return Math.min(...this.#reached);
  }

  #request(row: CsvRow, blockedMs: number): void {
    const errorCode = row.field('error_code');
    const isRefused = REFUSED.test(errorCode);
    const destination = this.#paths.of(row.field('url'), row.field('name'), isRefused);
    if ('host' in destination) {
      this.#elsewhere.set(destination.host, (this.#elsewhere.get(destination.host) ?? 0) + 1);
      return;
    }
    const status = Number(row.field('status')) || 0;
    const scenario = row.field('scenario');
    this.#scenario(scenario).requests++;
    const { path } = destination;
    const blockedNanos = nanosOf(blockedMs);
    const durationSeconds = (nanosOf(row.value) + blockedNanos) / 1e9;
    this.#columns.add(row.atMicros, durationSeconds, blockedNanos / 1e9, status, path);
    this.#seen({
      endMs: row.atMicros / 1000,
      durationMs: row.value + blockedMs,
      status,
      errorCode,
      path,
      scenario,
    });
  }

  #other(row: CsvRow): void {
    switch (row.metric) {
      case 'iteration_duration':
        this.#iteration(row);
        return;
      case 'dropped_iterations':
        this.#dropped(row);
        return;
      case 'checks':
        this.#check(row);
        return;
      case 'grpc_req_duration':
        this.#grpc++;
        return;
      case 'ws_sessions':
        this.#webSockets += row.value;
        return;
      case LATE:
        this.#scenario(row.field('scenario')).lateMs.push(row.value);
        return;
      case BEGAN: {
        const own = this.#scenario(row.field('scenario'));
        own.beganMs = Math.min(own.beganMs, row.value);
      }
    }
  }

  /** Requests in setup() and teardown() belong to no scenario and have no schedule. */
  #iteration(row: CsvRow): void {
    const name = row.field('scenario');
    if (name === '') return;
    const own = this.#scenario(name);
    own.iterations++;
    own.moments.push(row.atMicros / 1e6 - row.value / 1000);
  }

  #dropped(row: CsvRow): void {
    const own = this.#scenario(row.field('scenario'));
    own.dropped += row.value;
    for (let one = 0; one < row.value; one++) own.moments.push(row.atMicros / 1e6);
  }

  #check(row: CsvRow): void {
    const kind = tagIn(row.field('extra_tags'), 'sla');
    if (kind === null) return;
    this.#bodies ??= { checked: 0, wrong: 0, refusals: 0 };
    if (row.value === 0) this.#bodies.wrong++;
    if (kind === 'body') this.#bodies.checked++;
    else if (kind === 'refusal' && row.value !== 0) this.#bodies.refusals++;
  }

  #scenario(name: string): ScenarioSamples {
    const known = this.#scenarios.get(name);
    if (known !== undefined) return known;
    const made = {
      requests: 0,
      iterations: 0,
      dropped: 0,
      moments: [],
      lateMs: [],
      beganMs: Number.POSITIVE_INFINITY,
    };
    this.#scenarios.set(name, made);
    return made;
  }

  finish(): Recorded {
    const { columns, ...rest } = this.snapshot();
    return { ...rest, client: recordOf(columns) };
  }

  /** Everything that has ended so far, as plain data for another thread; `recordOf` builds a record from the columns. */
  snapshot(): Snapshot {
    return {
      columns: this.#columns.copy(),
      scenarios: this.#scenarios,
      bodies: this.#bodies,
      elsewhere: this.#elsewhere,
      grpc: this.#grpc,
      webSockets: this.#webSockets,
      unread: this.#readers.reduce((sum, { unread }) => sum + unread, 0),
    };
  }
}
