/** As much of JSON Schema as docs/bench-result.schema.json uses. */

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
}

/** Where and how a value breaks the schema; empty = it does not. */
export function schemaProblems(schema: Schema, value: unknown, at = '$'): string[] {
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (types !== undefined && !types.includes(typeOf(value))) {
    return [`${at} is ${typeOf(value)}, not ${types.join(' or ')}`];
  }
  if ('const' in schema && schema.const !== value) return [`${at} is not ${schema.const}`];
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) => schemaProblems(items, item, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || schema.properties === undefined) return [];
  return objectProblems(schema, value as Record<string, unknown>, at);
}

function objectProblems(schema: Schema, value: Record<string, unknown>, at: string): string[] {
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key));
  const problems = missing.map((key) => `${at}.${key} is missing`);
  for (const [key, item] of Object.entries(value)) {
    const patterns = Object.entries(schema.patternProperties ?? {});
    const rule =
      schema.properties?.[key] ?? patterns.find(([one]) => new RegExp(one).test(key))?.[1];
    if (rule !== undefined) problems.push(...schemaProblems(rule, item, `${at}.${key}`));
    else if (schema.additionalProperties === false) problems.push(`${at}.${key} is unknown`);
  }
  return problems;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
