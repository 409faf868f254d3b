/** Reads the integration of a method out of its template. */
import type * as z from 'zod';
import type { Assembly, Resource } from '../types.ts';
import type { Integration, MockIntegration } from './model.ts';
import type { integration as integrationSchema } from './properties.ts';

type Properties = z.output<typeof integrationSchema>;

const LAMBDA_URI =
  /:lambda:path\/(?:2015-03-31\/functions\/(?<buffered>.+)\/invocations|2021-11-15\/functions\/(?<streamed>.+)\/response-streaming-invocations)$/;

/**
 * Reads the integration of a method.
 * @throws {Error} naming the method when URI, transfer mode and function do not fit together
 */
export function readIntegration(assembly: Assembly, method: Resource, from: Properties): Integration {
  const refuse = (why: string): never => {
    throw new Error(`${method.type} ${method.stack}/${method.logicalId}: ${why}`);
  };
  if (from.Type === 'MOCK') return readMock(from, refuse);
  const uri = LAMBDA_URI.exec(from.Uri ?? '')?.groups;
  const functionArn = uri?.['streamed'] ?? uri?.['buffered'];
  if (functionArn === undefined) return refuse(`Integration.Uri ${from.Uri} names no Lambda function`);
  const streaming = from.ResponseTransferMode === 'STREAM';
  if (streaming !== (uri?.['streamed'] !== undefined)) {
    return refuse(
      `Integration.Uri ${from.Uri} does not fit ResponseTransferMode ${from.ResponseTransferMode}`,
    );
  }
  if (from.IntegrationHttpMethod !== 'POST') return refuse('a Lambda function is invoked by POST');
  if (!assembly.find(functionArn)) return refuse(`no function ${functionArn} in the assembly`);
  return {
    type: 'AWS_PROXY',
    functionArn,
    streaming,
    timeoutMs: from.TimeoutInMillis,
    credentials: from.Credentials,
  };
}

/** The template by which CDK answers a preflight from one of several origins. */
const CORS_TEMPLATE =
  /^#set\(\$origin = \$input\.params\(\)\.header\.get\("Origin"\)\)\s+#if\(\$origin == ""\)\s+#set\(\$origin = \$input\.params\(\)\.header\.get\("origin"\)\)\s+#end\s+#if\((?<wanted>\$origin == "[^"#$]+"(?: \|\| \$origin == "[^"#$]+")*)\)\s+#set\(\$context\.responseOverride\.header\.Access-Control-Allow-Origin = \$origin\)\s+#end$/;

/** The origins that a template lets stand in place of the literal one; `undefined` for another template. */
function originsOf(template: string): readonly string[] | undefined {
  const wanted = CORS_TEMPLATE.exec(template)?.groups?.['wanted'];
  return wanted === undefined
    ? undefined
    : [...wanted.matchAll(/"([^"]+)"/g)].map(([, origin = '']) => origin);
}

function readMock(from: Properties, refuse: (why: string) => never): MockIntegration {
  const [response] = from.IntegrationResponses;
  if (!response) return refuse('a MOCK integration needs IntegrationResponses');
  const prefix = 'method.response.header.';
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.ResponseParameters)) {
    const literal = /^'(.*)'$/s.exec(value)?.[1];
    if (!name.startsWith(prefix) || literal === undefined) {
      return refuse(
        `response parameter ${name}: ${value} is not supported locally, only literal headers are`,
      );
    }
    headers[name.slice(prefix.length)] = literal;
  }
  const [contentType = 'application/json', body = ''] = Object.entries(response.ResponseTemplates)[0] ?? [];
  const origins = originsOf(body);
  if (origins === undefined && /[#$]/.test(body))
    return refuse('a MOCK response template with VTL is not supported locally');
  const answer = { type: 'MOCK', statusCode: Number(response.StatusCode), headers, contentType } as const;
  return { ...answer, body: origins === undefined ? body : '', otherOrigins: new Set(origins) };
}
