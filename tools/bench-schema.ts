/**
 * The JSON Schema of what `llm-router bench --json` writes: every key with its meaning. A test of
 * the command holds real results against it, both ways: no key is missing here, none too many.
 */

type Schema = { readonly [key: string]: unknown };

const LATENCIES = 'ttft|tpot|itl|e2el|queue|ttft_intended|e2el_intended|connect';
const TIME_PATTERN = `^(mean|median|std|min|max|p[0-9]+(\\.[0-9]+)?)_(${LATENCIES})_ms$`;

const number = (description: string): Schema => ({ type: 'number', description });
const text = (description: string): Schema => ({ type: 'string', description });
const list = (description: string, items: Schema): Schema => {
  return { type: 'array', description, items };
};
/** null = nothing was measured. */
const maybeNumber = (description: string): Schema => {
  return { type: ['number', 'null'], description };
};

function object(properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  const required = Object.keys(properties);
  return { type: 'object', properties, required, additionalProperties: false, ...more };
}

const NUMBERS: Readonly<Record<string, Schema>> = {
  duration: number('Seconds from the start to the end of the last request.'),
  completed: number('Requests that were answered whole.'),
  failed: number('Requests that were not, for whatever reason.'),
  cancelled: number('Requests whose client left on purpose (-cancel-rate).'),
  unfinished: number('Requests that were still on their way when the run was cut off.'),
  total_input_tokens: number('Prompt tokens, by the usage of the server.'),
  total_output_tokens: number('Generated tokens, by the usage of the server; else text events.'),
  total_cached_tokens: number('Prompt tokens that the server had cached.'),
  request_throughput: number('Completed requests per second.'),
  request_goodput: number('Completed requests per second that met every limit of -goodput.'),
  output_throughput: number('Generated tokens per second.'),
  total_token_throughput: number('Prompt and generated tokens per second.'),
  error_rate: number('Failed among completed and failed requests, 0 to 1.'),
  success_rate: number('Completed among completed and failed requests, 0 to 1.'),
  stalls: number('Pauses within streams longer than -stall-threshold.'),
  longest_stall_ms: number('The longest of them.'),
  late_sends: number('Requests that the generator sent more than 5 ms late.'),
  resent: number('Requests sent again because the server had just closed a kept connection.'),
  connections: number('Connections opened.'),
  without_usage: number('Completed requests whose answer had no usage.'),
};

const TIMES: Schema = {
  [TIME_PATTERN]: maybeNumber('A statistic of a latency in milliseconds; null = no samples.'),
};
const NUMBERS_SCHEMA = object(NUMBERS, { patternProperties: TIMES });

const SELF_CHECK = object({
  valid: { type: 'boolean', description: 'False when the generator itself was the limit.' },
  reasons: list('Why not.', text('One sentence.')),
  busy: number('Share of the time that the busiest thread worked.'),
  loop_lag_ms: number('p99 of how late timers of the worst thread were.'),
  late_share: number('Share of the requests that were sent late.'),
  cores: number('CPU cores that the generator used on average.'),
});

const SLO = object({
  text: text('The objective as given.'),
  value: maybeNumber('What was measured.'),
  met: { type: 'boolean', description: 'Whether it was met.' },
});

const ERROR = object({
  error: text('The class of the error.'),
  count: number('How many requests it hit.'),
  example: text('What one of them looked like.'),
});

const ENDPOINT = object({
  endpoint: text('What the router named as the endpoint that answered.'),
  succeeded: number('Requests it completed.'),
  failed: number('Requests it failed.'),
  median_ttft_ms: maybeNumber('Of its streams.'),
  p99_ttft_ms: maybeNumber('Of its streams.'),
  median_e2el_ms: maybeNumber('Of its answers.'),
  p99_e2el_ms: maybeNumber('Of its answers.'),
});

const SAMPLE = object({
  t: number('Seconds since the start.'),
  succeeded: number('Completed so far.'),
  failed: number('Failed so far.'),
  in_flight: number('On their way now.'),
  sent: number('Sent per second, since the sample before; so are the next three.'),
  qps: number('Completed per second.'),
  failures: number('Failed per second.'),
  tokens: number('Tokens per second.'),
  ttft_p50: maybeNumber('Of what ended since the sample before, in ms; so are the others.'),
  ttft_p99: maybeNumber('Time to first token.'),
  itl_p50: maybeNumber('Inter-token latency.'),
  itl_p99: maybeNumber('Inter-token latency.'),
  e2el_p50: maybeNumber('End-to-end latency.'),
  e2el_p99: maybeNumber('End-to-end latency.'),
});

const RATE: Schema = {
  type: ['number', 'string'],
  description: 'Requests per second offered; "inf" = closed loop.',
};

const RUN = object({
  label: text('Which load, such as rate=10; "2 of 5" counts repetitions.'),
  request_rate: RATE,
  max_concurrency: maybeNumber('Most requests at once; null = no bound.'),
  numbers: NUMBERS_SCHEMA,
  stages: list('Of -stages.', object({ label: text('Which.'), numbers: NUMBERS_SCHEMA })),
  slo: list('The objectives.', SLO),
  self_check: SELF_CHECK,
  errors: list('By class, the most frequent first.', ERROR),
  endpoints: list('By endpoint, where a router names it.', ENDPOINT),
  workers: list(
    'By thread.',
    object({ busy: number('Share of the time.'), lag_ms: number('p99 of its timers.') }),
  ),
  series: list('Second by second.', SAMPLE),
});

const FOUND = {
  ...object({
    by: text('rate or concurrency.'),
    value: number('The highest; 0 = none.'),
    ended_by: text('objective, generator (it could not go further) or stopped.'),
  }),
  type: ['object', 'null'],
  description: 'What -find-max found; null = it was not asked for.',
};

const DETAILS: Readonly<Record<string, Schema>> = {
  ttfts: list('-save-detailed: one entry a completed request, in ms.', number('TTFT.')),
  e2els: list('End-to-end latencies in ms.', number('E2E.')),
  itls: list('Inter-token latencies in ms.', list('Of one request.', number('ITL.'))),
  start_times: list('When each was sent, in ms of one clock.', number('Time.')),
  input_lens: list('Prompt tokens.', number('Tokens.')),
  output_lens: list('Generated tokens.', number('Tokens.')),
};

export function benchSchema(): Schema {
  const whole = object(
    {
      schema_version: { const: 1, description: 'Of this schema.' },
      date: text('ISO 8601, when the measurement ended.'),
      label: text('-label.'),
      endpoint_type: text('openai-chat or openai.'),
      url: text('Where requests went.'),
      model_id: text('The model asked for.'),
      dataset_name: text('-dataset-name.'),
      num_prompts: number('-requests; 0 = no bound.'),
      request_rate: RATE,
      burstiness: number('Shape of the gaps; 1 = Poisson, 0 = constant.'),
      max_concurrency: maybeNumber('Most requests at once; null = no bound.'),
      workers: number('Threads.'),
      keep_alive: text('pool, per-request or httpx.'),
      stream: { type: 'boolean', description: 'Whether answers were streamed.' },
      seed: number('-seed.'),
      ...NUMBERS,
      valid: { type: 'boolean', description: 'Of the main run.' },
      invalid_reasons: list('Of the main run.', text('One sentence.')),
      slo_met: { type: ['boolean', 'null'], description: 'null = there are no objectives.' },
      find_max: FOUND,
      errors: list('Of the main run.', ERROR),
      main_run: number('Which of the runs the numbers on top are of.'),
      runs: list('All runs: repetitions, points of a sweep, steps of a search.', RUN),
    },
    { patternProperties: TIMES },
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Result of llm-router bench',
    ...whole,
    properties: { ...(whole.properties as Schema), ...DETAILS },
  };
}
