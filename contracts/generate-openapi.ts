/**
 * Writes `contracts/openapi.json` from the routes, or with `--check` fails when the file is not what the routes
 * give. The schemas are the ones that validate, through zod's own JSON Schema.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { API_SCOPES } from './roles.ts';
import { ROUTES, type RouteConfig } from './routes.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };
type Direction = 'input' | 'output';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Named schemas as they are sent and as they are answered: what is sent may leave out what has a default. */
const named: Readonly<Record<Direction, Map<string, JsonObject>>> = { input: new Map(), output: new Map() };

const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';
/** Holds the place of a component until it is known whether both directions of it are one. */
const pending = (direction: Direction, id: string): string => `${COMPONENT}${direction}:${id}`;

const mapRefs = (value: Json, rename: (ref: string) => string): Json => {
  if (Array.isArray(value)) return value.map((entry) => mapRefs(entry, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === '$ref' && typeof member === 'string' ? rename(member) : mapRefs(member, rename),
    ]),
  );
};

const mapObject = (value: JsonObject, rename: (ref: string) => string): JsonObject => {
  const mapped = mapRefs(value, rename);
  return isObject(mapped) ? mapped : {};
};

/** JSON Schema of a schema; what has a name becomes a component. */
const schemaOf = (schema: z.ZodType, direction: Direction): JsonObject => {
  const draft = z.toJSONSchema(schema, {
    io: direction,
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      // Clients have to live with members that a later version adds to answers.
      if (direction === 'output' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties;
    },
  }) as JsonObject;
  const { $schema: _, $defs: definitions, id, ...own } = draft;
  const link = (value: JsonObject): JsonObject =>
    mapObject(value, (ref) => pending(direction, ref.slice(DEFINITION.length)));
  for (const [name, member] of Object.entries(isObject(definitions) ? definitions : {})) {
    // `id` is zod's name of a component, and no keyword of JSON Schema.
    const { id: __, ...definition } = isObject(member) ? member : {};
    named[direction].set(name, link(definition));
  }
  if (typeof id !== 'string') return link(own);
  named[direction].set(id, link(own));
  return { $ref: pending(direction, id) };
};

const plain = (schema: JsonObject | undefined): string =>
  JSON.stringify(mapRefs(schema ?? {}, (ref) => ref.replace(/(input|output):/, '')));

const references = (schema: JsonObject): string[] => {
  const found: string[] = [];
  mapRefs(schema, (ref) => {
    found.push(ref.replace(/^.*:/, ''));
    return ref;
  });
  return found;
};

/** Names whose two directions differ, in themselves or in what they refer to. */
const twofold = (): ReadonlySet<string> => {
  const both = [...named.input.keys()].filter((id) => named.output.has(id));
  const differing = new Set(both.filter((id) => plain(named.input.get(id)) !== plain(named.output.get(id))));
  for (let before = -1; before !== differing.size; ) {
    before = differing.size;
    for (const id of both)
      if (references(named.input.get(id) ?? {}).some((each) => differing.has(each))) differing.add(id);
  }
  return differing;
};

/** Gives components their names: the sent form of a twofold one is called `...Input`. */
const settle = (document: JsonObject): JsonObject => {
  const differing = twofold();
  const nameOf = (direction: string, id: string): string =>
    direction === 'input' && differing.has(id) ? `${id}Input` : id;
  const rename = (ref: string): string => {
    if (!/:/.test(ref)) return ref;
    const [, direction = '', id = ''] = /^#\/components\/schemas\/(input|output):(.+)$/.exec(ref) ?? [];
    return `${COMPONENT}${nameOf(direction, id)}`;
  };
  const components = (['input', 'output'] as const).flatMap((direction) =>
    [...named[direction]].map(([id, schema]) => [nameOf(direction, id), mapObject(schema, rename)] as const),
  );
  components.sort(([left], [right]) => (left < right ? -1 : 1));
  return { ...mapObject(document, rename), components: { schemas: Object.fromEntries(components) } };
};

const parameters = (schema: z.ZodType | undefined, place: 'path' | 'query' | 'header'): Json[] => {
  if (schema === undefined) return [];
  const { properties, required } = schemaOf(schema, 'input');
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(isObject(properties) ? properties : {}).map(([name, member]) => {
    const { description, example, ...rest } = isObject(member) ? member : {};
    return {
      name,
      in: place,
      required: place === 'path' || needed.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
      ...(example === undefined ? {} : { example }),
    };
  });
};

const contentOf = (
  content: Readonly<Record<string, { readonly schema: z.ZodType }>>,
  direction: Direction,
): JsonObject =>
  Object.fromEntries(
    Object.entries(content).map(([type, { schema }]) => [type, { schema: schemaOf(schema, direction) }]),
  );

const headersOf = (schema: z.ZodType): JsonObject =>
  Object.fromEntries(
    parameters(schema, 'header').flatMap((parameter) => {
      if (!isObject(parameter)) return [];
      const { name, in: _, required: __, ...rest } = parameter;
      return [[String(name), rest]];
    }),
  );

/** Problem answers by their codes: most routes share most of them. */
const problemResponses: JsonObject = {};

const responseOf = ({ description, headers, content }: RouteConfig['responses'][string]): JsonObject => {
  const response: JsonObject = {
    description,
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    ...(content === undefined ? {} : { content: contentOf(content, 'output') }),
  };
  if (content === undefined || !('application/problem+json' in content)) return response;
  const name = description.replaceAll(', ', '.');
  problemResponses[name] = response;
  return { $ref: `#/components/responses/${name}` };
};

const operation = (name: string, route: (typeof ROUTES)[keyof typeof ROUTES]): JsonObject => {
  const { request = {}, responses }: RouteConfig = route;
  return {
    operationId: name,
    summary: route.summary,
    ...('description' in route ? { description: route.description } : {}),
    tags: [...route.tags],
    ...(route.permission === 'open' ? { security: [] } : { 'x-permission': route.permission }),
    parameters: [
      ...parameters(request.params, 'path'),
      ...parameters(request.query, 'query'),
      ...parameters(request.headers, 'header'),
    ],
    ...(request.body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(request.body.content, 'input') } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, responseOf(response)]),
    ),
  };
};

/** The OpenAPI 3.1 document of the routes. */
export const openApiDocument = (): JsonObject => {
  const paths: { [path: string]: JsonObject } = {};
  for (const [name, route] of Object.entries(ROUTES))
    paths[route.path] = { ...paths[route.path], [route.method]: operation(name, route) };
  const { components, responses, ...document } = settle({
    openapi: '3.1.0',
    info: {
      title: 'labgate',
      version: '1',
      description: 'Laboratory instruments: devices, instrument types and their measurements.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Where it runs is a matter of the deployment: the document is served by the API that it describes.
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    responses: problemResponses,
  });
  const bearer = {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `Access token with one of the scopes ${API_SCOPES.join(', ')}; \`x-permission\` names what its roles must hold.`,
  };
  return {
    ...document,
    components: {
      ...(isObject(components) ? components : {}),
      responses: responses ?? {},
      securitySchemes: { bearer },
    },
  };
};

const FILE = fileURLToPath(new URL('openapi.json', import.meta.url));

if (import.meta.main) {
  const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(FILE, text);
  else if (readFileSync(FILE, 'utf8') !== text) {
    console.error('contracts/openapi.json is not what the routes give: run `npm run generate:openapi`');
    process.exitCode = 1;
  }
}
