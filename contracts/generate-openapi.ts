/**
 * Writes `contracts/openapi.json` from the routes, or with `--check` fails when the file is not what the routes
 * give. The schemas are the ones that validate.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import { API_SCOPES } from './roles.ts';
import { ROUTES, type RouteConfig } from './routes/index.ts';

type Route = (typeof ROUTES)[keyof typeof ROUTES];
type Document = ReturnType<typeof createDocument>;

const PROBLEM = 'application/problem+json';

/** Problem answers by their codes: most routes share most of them, so each is one component. */
type Problems = Map<string, ZodOpenApiResponseObject>;

const responseOf = (
  response: RouteConfig['responses'][string],
  problems: Problems,
): ZodOpenApiResponseObject => {
  if (response.content?.[PROBLEM] === undefined) return response;
  const id = response.description.replaceAll(', ', '.');
  const shared = problems.get(id) ?? { ...response, id };
  problems.set(id, shared);
  return shared;
};

const operationOf = (name: string, route: Route, problems: Problems): ZodOpenApiOperationObject => {
  const { request: { params, query, headers, body } = {}, responses, description }: RouteConfig = route;
  return {
    operationId: name,
    summary: route.summary,
    ...(description === undefined ? {} : { description }),
    tags: [...route.tags],
    ...(route.permission === 'open' ? { security: [] } : { 'x-permission': route.permission }),
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { header: headers }),
    },
    ...(body === undefined ? {} : { requestBody: body }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, responseOf(response, problems)]),
    ),
  };
};

/** The OpenAPI 3.1 document of the routes. */
export const openApiDocument = (): Document => {
  const problems: Problems = new Map();
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [name, route] of Object.entries(ROUTES))
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(name, route, problems) };
  return createDocument(
    {
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
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: `Access token with one of the scopes ${API_SCOPES.join(', ')}; \`x-permission\` names what its roles must hold.`,
          },
        },
      },
    },
    {
      override: ({ jsonSchema, io }) => {
        // Clients have to live with members that a later version adds to answers.
        if (io === 'output' && jsonSchema.additionalProperties === false)
          delete jsonSchema.additionalProperties;
      },
    },
  );
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
