/** One measurement in closed loop: each client sends its next request when it gets a response. */
export interface ClosedLoop {
  readonly answeredPerSecond: number;
  readonly answered: number;
  /** Responses other than 2xx, and failed requests: they are fast, and count in no other figure. */
  readonly bad: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ClosedLoopOptions {
  readonly url: string;
  readonly texts: readonly string[];
  readonly clients: number;
  readonly seconds: number;
}
