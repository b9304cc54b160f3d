import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fields from './fields.ts';

const { FIELD_OTHER, fieldIdOf } = fields;

function idOf(name: string): number {
  return fieldIdOf(Buffer.from(name), 0, name.length);
}

/** FIELD_X_API_KEY → x-api-key. */
const known = Object.entries(fields)
  .filter(([name]) => name.startsWith('FIELD_') && name !== 'FIELD_OTHER')
  .map(([name, id]) => [name.slice(6).toLowerCase().replaceAll('_', '-'), id as number] as const);

describe('known fields', () => {
  it('are found by the name their constant spells, in any case', () => {
    for (const [name, id] of known) {
      assert.equal(idOf(name), id, name);
      assert.equal(idOf(name.toUpperCase()), id, name);
    }
    assert.equal(known.length, 27);
  });

  it('are not found under a name that differs in one byte', () => {
    for (const [name] of known) {
      for (let i = 0; i < name.length; i++) {
        const changed = `${name.slice(0, i)}!${name.slice(i + 1)}`;
        assert.equal(idOf(changed), FIELD_OTHER, changed);
      }
      for (const other of [`${name}s`, `x${name}`, name.slice(1), name.slice(0, -1)]) {
        assert.equal(idOf(other), FIELD_OTHER, other);
      }
      if (name.includes('-')) assert.equal(idOf(name.replace('-', '_')), FIELD_OTHER, name);
    }
  });

  it('are looked up inside a larger buffer', () => {
    const buf = Buffer.from('xxHostxx');
    assert.equal(fieldIdOf(buf, 2, 6), fields.FIELD_HOST);
    assert.equal(fieldIdOf(buf, 2, 7), FIELD_OTHER);
    assert.equal(fieldIdOf(buf, 3, 3), FIELD_OTHER);
  });
});
