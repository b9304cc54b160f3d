/**
 * The OpenAPI 3.1 document, made from the table of routes, so that it cannot name a route that is
 * not there nor leave one out. Source: OpenAPI Specification 3.1.
 */
import { z } from 'zod';
import { jsonReply, type OperatorRoute } from '../operator-route.ts';

/** A row that documents `rows()` and itself. */
export function openapiRoute(rows: () => readonly OperatorRoute[], version: string): OperatorRoute {
  return {
    method: 'GET',
    path: '/admin/openapi.json',
    summary: 'This API as an OpenAPI document.',
    handle: () => jsonReply(200, openapiDocument(rows(), version)),
  };
}

function openapiDocument(rows: readonly OperatorRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const row of [...rows].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = paths[row.path] ?? {};
    paths[row.path] = path;
    path[row.method.toLowerCase()] = operationOf(row);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'LLM Router, operations',
      version,
      description:
        'The listener of dashboard.web_port. Changes need Content-Type: application/json.',
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          properties: {
            error: {
              type: 'object',
              properties: { message: { type: 'string' }, type: { type: 'string' } },
              required: ['message', 'type'],
            },
          },
          required: ['error'],
        },
      },
    },
  };
}

function operationOf(row: OperatorRoute): object {
  const type = row.type ?? 'application/json';
  const error = { $ref: '#/components/schemas/Error' };
  const body = row.body === undefined ? {} : { requestBody: bodyOf(row.body) };
  const parameters = [...pathParameters(row.path), ...queryParameters(row.query ?? {})];
  return {
    summary: row.summary,
    // An empty requirement: the token is wanted only where one is configured.
    security: row.open === true ? [] : [{ token: [] }, {}],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...body,
    responses: {
      '200': { description: 'Done.', content: { [type]: {} } },
      default: { description: 'Not done.', content: { 'application/json': { schema: error } } },
    },
  };
}

function bodyOf(schema: z.ZodType): object {
  const { $schema: _, ...own } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return { required: true, content: { 'application/json': { schema: own } } };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
}

function queryParameters(query: Readonly<Record<string, string>>): object[] {
  return Object.entries(query).map(([name, description]) => {
    return { name, in: 'query', description, schema: { type: 'string' } };
  });
}
