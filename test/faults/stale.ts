/**
 * Engines close kept-alive connections whenever they like; a request may be on its way at that
 * moment. Half of the closings here are raced by time, half come with the request already read:
 * the hardest case, since nothing but the missing answer tells.
 */
import { type Script, startRawEngine } from '../fakes/raw-engine.ts';
import { startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { ejections, good, MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { chatRequest, LoadClient } from '../scenarios/load-client.ts';
import { exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';

const RACES: Readonly<Record<Scale, number>> = { short: 500, long: 10_000 };
const LOOPS = 4;

export const STALE: readonly Fault[] = [
  {
    title: 'stale keep-alive races',
    provoked:
      'after each answer the engine closes the connection 0–2 ms later, by FIN or RST, or only ' +
      'when the next request has reached it; 10,000 requests, no retries allowed, first failure ' +
      'would eject',
    seen: 'its answer; nothing of the race',
    run: race,
  },
];

async function race(scale: Scale): Promise<Finding[]> {
  let turn = 0;
  let unanswered = 0;
  const doomed = new Set<number>();
  const leaving: Script = async (stage) => {
    const { connection } = stage.request;
    const way = turn % 2 === 0 ? 'end' : 'reset';
    if (doomed.delete(connection)) {
      unanswered++;
      stage[way]();
      return;
    }
    await good(stage);
    turn++;
    if (turn % 4 < 2) {
      doomed.add(connection);
      return;
    }
    // About when the next request arrives: before, while or after it is written.
    await sleep((turn % 20) / 10);
    stage[way]();
  };
  const engine = await startRawEngine(leaving, MODEL);
  const router = await startRouter({
    endpoints: [{ url: engine.url, model: MODEL }],
    config: { routing: { num_retries: 0 }, retry: { failure_threshold: 1 } },
  });
  const client = new LoadClient(router.port, 10_000);
  const outcomes = new Map<string, number>();
  try {
    let left = RACES[scale];
    const loop = async (index: number) => {
      while (left-- > 0) {
        const { kind, text } = await client.send(chatRequest(MODEL, left % 2 === 0));
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        if (kind !== 'ok') console.error(`${kind}: ${text.slice(0, 300)}`);
        if ((left + index) % 3 > 0) await sleep((left + index) % 3);
      }
    };
    await Promise.all(Array.from({ length: LOOPS }, (_, index) => loop(index)));
    await untilIdle(router);
    const ok = outcomes.get('ok') ?? 0;
    return [
      exactly(`client errors in ${RACES[scale]} races`, RACES[scale] - ok, 0),
      exactly('ejections', ejections(router), 0),
      noted('requests that the engine read and dropped', String(unanswered)),
    ];
  } finally {
    client.close();
    await router.stop();
    await engine.close();
  }
}
