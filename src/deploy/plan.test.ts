/** Plans: what goes where, what is avoided, and that a plan carried out is a plan of nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Fleet, type FleetModel, firstGpus, NO_LOGIN, plainNode } from './fleet.ts';
import { type FoundService, type NodeFacts, type Plan, planFleet } from './plan.ts';

const MODEL: FleetModel = {
  ...{ model: '/models/m', servedName: 'm', backend: 'vllm', replicas: 0, hosts: [] },
  ...{ tensorParallelSize: 4, gpusPerService: 4, port: 30596, python: 'python3' },
  ...{ workdir: '', env: {}, args: [] },
};
const FACTS: NodeFacts = {
  address: '10.0.0.1',
  gpus: firstGpus(8).map((id) => ({ id, busy: '' })),
  ports: new Set(),
  services: [],
  pythons: new Map([['python3', '/usr/bin/python3']]),
};

function fleet(hosts: readonly string[], ...models: Partial<FleetModel>[]): Fleet {
  const nodes = hosts.map((host) => plainNode(host, NO_LOGIN));
  const own = models.length === 0 ? [{}] : models;
  return { nodes, models: own.map((model) => ({ ...MODEL, ...model })) };
}

function facts(...each: readonly Partial<NodeFacts>[]): Map<string, NodeFacts> {
  return new Map(each.map((own, index) => [`n${index + 1}`, { ...FACTS, ...own }]));
}

function places({ services }: Plan): string[] {
  return services.map(({ node, gpus, port, action }) =>
    [node.host, gpus.join(','), port, action].join(' '),
  );
}

test('services are nodes times GPUs by size, and ports rise over all nodes', () => {
  assert.deepEqual(places(planFleet(fleet(['n1', 'n2', 'n3']), facts({}, {}, {}))), [
    'n1 0,1,2,3 30596 start',
    'n1 4,5,6,7 30597 start',
    'n2 0,1,2,3 30598 start',
    'n2 4,5,6,7 30599 start',
    'n3 0,1,2,3 30600 start',
    'n3 4,5,6,7 30601 start',
  ]);
});

test('busy ports are skipped on the node where they are busy', () => {
  const plan = planFleet(fleet(['n1', 'n2']), facts({ ports: new Set([30596, 30598]) }, {}));
  assert.deepEqual(
    plan.services.map(({ port }) => port),
    [30597, 30599, 30600, 30601],
  );
});

test('busy GPUs are left alone, and the note says by whom they are taken', () => {
  const gpus = firstGpus(8).map((id) => ({ id, busy: id === 1 ? 'process 7 works on it' : '' }));
  const plan = planFleet(fleet(['n1'], { gpusPerService: 2 }), facts({ gpus }));
  assert.deepEqual(places(plan), [
    'n1 2,3 30596 start',
    'n1 4,5 30597 start',
    'n1 6,7 30598 start',
  ]);
  assert.deepEqual(plan.notes, ['n1: GPU 1 is left alone, process 7 works on it']);
});

test('where blocks of a multiple do not fit, other consecutive ids do', () => {
  const free = new Set([1, 2, 4, 5]);
  const gpus = firstGpus(8).map((id) => ({ id, busy: free.has(id) ? '' : 'in use' }));
  const plan = planFleet(fleet(['n1'], { gpusPerService: 2 }), facts({ gpus }));
  assert.deepEqual(
    plan.services.map(({ gpus: own }) => own),
    [
      [1, 2],
      [4, 5],
    ],
  );
});

test('several models share the nodes, as many of each as asked for', () => {
  const models = [
    { servedName: 'a', model: 'a', replicas: 1, gpusPerService: 8 },
    { servedName: 'b', model: 'b', replicas: 3, gpusPerService: 2, hosts: ['n2'] },
  ];
  const plan = planFleet(fleet(['n1', 'n2'], ...models), facts({}, {}));
  assert.deepEqual(places(plan), [
    'n1 0,1,2,3,4,5,6,7 30596 start',
    'n2 0,1 30597 start',
    'n2 2,3 30598 start',
    'n2 4,5 30599 start',
  ]);
  assert.deepEqual(plan.problems, []);
});

test('what cannot be placed is a problem, said once', () => {
  const none = planFleet(
    fleet(['n1', 'n2']),
    facts({ pythons: new Map() }, { pythons: new Map() }),
  );
  assert.deepEqual(none.problems, [
    'n1: there is no Python "python3" there',
    'n2: there is no Python "python3" there',
    'no engine of m can be placed: each needs 4 free GPUs',
  ]);
  const { gpus: _, ...blind } = FACTS;
  const counted = planFleet(fleet(['n1']), new Map([['n1', blind]]));
  assert.match(counted.problems[0]!, /^n1: nvidia-smi is not there .*--gpus-per-node/);
  assert.deepEqual(planFleet(fleet(['n1']), new Map()).problems, [], 'nobody knows its GPUs');
  const wanted = planFleet(fleet(['n1'], { replicas: 3 }), facts({}));
  assert.deepEqual(wanted.problems, ['2 of 3 engines of m can be placed: each needs 4 free GPUs']);
});

/** What the nodes look like after a plan was carried out. */
function carriedOut(plan: Plan, before: ReadonlyMap<string, NodeFacts>): Map<string, NodeFacts> {
  return new Map(
    [...before].map(([host, own]) => {
      const mine = plan.services.filter(({ node }) => node.host === host);
      const services = mine.map(({ node: _, action: _action, ...service }): FoundService => {
        return { service, life: 'alive', pid: 1, startedMs: 0 };
      });
      const ports = new Set([...own.ports, ...mine.map(({ port }) => port)]);
      return [host, { ...own, services, ports }];
    }),
  );
}

test('planning again after carrying out keeps every service where it is', () => {
  const busy = fc.uniqueArray(fc.nat(7), { maxLength: 5 });
  const ports = fc.uniqueArray(fc.integer({ min: 30596, max: 30610 }), { maxLength: 6 });
  const property = fc.property(
    fc.array(fc.record({ busy, ports }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom(1, 2, 4, 8),
    (each, size) => {
      const hosts = each.map((_, index) => `n${index + 1}`);
      const wanted = fleet(hosts, { gpusPerService: size, tensorParallelSize: size });
      const seen = facts(
        ...each.map((own) => ({
          ports: new Set(own.ports),
          gpus: firstGpus(8).map((id) => ({ id, busy: own.busy.includes(id) ? 'in use' : '' })),
        })),
      );
      const first = planFleet(wanted, seen);
      const used = first.services.flatMap(({ node, gpus }) =>
        gpus.map((id) => `${node.host} ${id}`),
      );
      assert.equal(new Set(used).size, used.length, 'no GPU is given twice');
      for (const { node, gpus, port } of first.services) {
        const own = seen.get(node.host)!;
        assert.ok(!own.ports.has(port));
        assert.ok(gpus.every((id) => own.gpus![id]!.busy === ''));
        assert.equal(gpus.at(-1)! - gpus[0]!, size - 1, 'consecutive');
      }
      const allPorts = first.services.map(({ port }) => port);
      assert.equal(new Set(allPorts).size, allPorts.length, 'no port is given twice');
      const second = planFleet(wanted, carriedOut(first, seen));
      assert.ok(second.services.every(({ action }) => action === 'keep'));
      const strip = (plan: Plan) => places(plan).map((place) => place.replace(/ \w+$/, ''));
      assert.deepEqual(strip(second), strip(first));
    },
  );
  fc.assert(property, { seed: 11, numRuns: 200 });
});

test('a service that should run otherwise is replaced where it is', () => {
  const wanted = fleet(['n1']);
  const seen = carriedOut(planFleet(wanted, facts({})), facts({}));
  const plan = planFleet(fleet(['n1'], { args: ['--max-num-seqs', '8'] }), seen);
  assert.deepEqual(places(plan), ['n1 0,1,2,3 30596 replace', 'n1 4,5,6,7 30597 replace']);
  assert.ok(plan.services.every(({ command }) => command.argv.includes('--max-num-seqs')));
  const ids = plan.services.map(({ id }) => id);
  const notes = ids.map((id) => `n1: ${id} is replaced by one with other arguments`);
  assert.deepEqual(plan.notes, notes);
});

test('engines with a key give way to open ones only when that is said', () => {
  const apiKey = { variable: 'K', value: 'sk-1' };
  const open = fleet(['n1', 'n2']);
  const one = carriedOut(planFleet(fleet(['n1'], { apiKey }), facts({})), facts({}, {}));
  const guarded = new Map([...one].map(([host, own]) => [host, { ...FACTS, ...own }]));
  const refused = planFleet(open, guarded);
  // Not even on the node where none runs yet: clients would be served there without a key.
  assert.deepEqual(places(refused), []);
  assert.equal(refused.problems.length, 1);
  assert.match(refused.problems[0]!, /^m: 2 engines were started with a key .*--api-key-env K /);
  const services = guarded.get('n1')!.services.map((own) => ({ ...own, life: 'dead' as const }));
  const died = new Map(guarded).set('n1', { ...FACTS, services });
  assert.deepEqual(planFleet(open, died).problems, refused.problems, 'after a restart of the node');
  const dropping = planFleet({ ...open, dropsKeys: true }, guarded);
  assert.deepEqual(
    places(dropping).map((place) => place.split(' ').at(-1)),
    [...['replace', 'replace', 'start', 'start']],
  );
  assert.equal(dropping.notes[0], 'n1: m-g0-3 is replaced by one that asks for no key');
  const env = { VLLM_API_KEY: 'sk-2' };
  assert.deepEqual(planFleet(fleet(['n1', 'n2'], { env }), guarded).problems, [], 'another way');
});

test('what runs of other models keeps its GPUs and is only mentioned', () => {
  const other = planFleet(fleet(['n1'], { servedName: 'other', replicas: 1 }), facts({}));
  const plan = planFleet(fleet(['n1']), carriedOut(other, facts({})));
  assert.deepEqual(places(plan), ['n1 4,5,6,7 30597 start']);
  assert.match(plan.notes[0]!, /^n1: other-g0-3 runs too and is not part of this/);
});
