import Type from 'typebox';

/** The measures of an objective in a document. */

export const closed = { additionalProperties: false } as const;

export const text = (description: string, example?: string) =>
  Type.String({ minLength: 1, description, ...(example === undefined ? {} : { examples: [example] }) });

export const Where = Type.Record(
  Type.String(),
  Type.Union([
    Type.String(),
    Type.Number(),
    Type.Object(
      { matches: Type.String({ description: 'Regular expression (RE2) for the whole value' }) },
      closed,
    ),
  ]),
  { description: 'Labels that the series must have: an exact value, or { matches: regular expression }' },
);

export const Counter = Type.Object(
  {
    counter: text('Name of the counter', 'http_requests_total'),
    where: Type.Optional(Where),
    absent: Type.Optional(
      Type.Literal('zero', {
        description: 'A series that never existed counts as 0. Use it for errors only.',
      }),
    ),
  },
  closed,
);

const histogramFields = {
  histogram: text('Name of the histogram, without _bucket', 'http_request_duration_seconds'),
  where: Type.Optional(Where),
};

const timeUnit = Type.Union(
  [
    Type.Literal('seconds'),
    Type.Literal('milliseconds'),
    Type.Literal('microseconds'),
    Type.Literal('nanoseconds'),
  ],
  { description: 'Unit of the bucket edges (le), if the name of the histogram does not contain it' },
);

export const Latency = Type.Object(
  {
    ...histogramFields,
    histogram: Type.Optional(histogramFields.histogram),
    unit: Type.Optional(timeUnit),
    percentile: Type.Unsafe<number | string>({
      type: ['number', 'string'],
      examples: [95, '99.9%'],
      description:
        'At least this percentage of the requests must be at or under the limit: 95 or 95%, not 0.95. Under 50 only with unusual: true',
    }),
    client: Type.Optional(
      text(
        'Path, or k6 name, of requests that are also judged by client-side latency; the worse of the two decides. Without a histogram, client-side latency alone decides',
        '/predict',
      ),
    ),
  },
  { ...closed, description: 'Has a histogram, a client, or both' },
);

export const Ratio = Type.Object(
  {
    bad: Type.Optional(Counter),
    good: Type.Optional(Counter),
    total: Counter,
    lost: Type.Optional(
      Type.Literal('bad', { description: 'Requests that received no response also count as bad' }),
    ),
  },
  {
    ...closed,
    description:
      'Either bad and total, with a target such as < 1%; or good and total, with a target such as > 99%',
  },
);

export const Uptime = Type.Object(
  { gauge: text('A gauge that is 1 while the service is up'), where: Type.Optional(Where) },
  closed,
);

const unit = Type.Union(
  [
    Type.Literal('ratio'),
    Type.Literal('seconds'),
    Type.Literal('milliseconds'),
    Type.Literal('microseconds'),
    Type.Literal('nanoseconds'),
    Type.Literal('number'),
  ],
  {
    description:
      'Unit of the values: a ratio from 0 to 1 (limit 0.85 or 85%), times in this unit (limit 200ms), or any number. Default: the time unit in the metric name, else ratio',
  },
);

export const Peak = Type.Object(
  {
    gauge: text('A gauge. The highest value at any scrape is judged', 'queue_length'),
    where: Type.Optional(Where),
    unit: Type.Optional(unit),
  },
  closed,
);

export const Mean = Type.Object(
  {
    ...histogramFields,
    unit: Type.Optional(unit),
    client: Type.Optional(
      text(
        'Path whose every successful response adds one observation: if the client received more responses than that, observations are missing',
        '/predict',
      ),
    ),
  },
  closed,
);

export const Recovery = Type.Object(
  {
    of: text(
      'Id of the latency objective whose target must be met again, measured client-side. It needs a client path',
      'latency-p95',
    ),
  },
  { ...closed, description: 'How fast the latency returns to its target after the end of a phase' },
);
