/** One measurement in closed loop: each client sends its next request when it gets a response. */
export interface ClosedLoop {
  readonly answeredPerSecond: number;
  readonly answered: number;
  /** Failed requests, and responses other than 2xx. They are often fast, so no other figure includes them. */
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
