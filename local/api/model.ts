/** What the templates say about one REST API, checked and put into the shape the server needs. */
import type * as z from 'zod';

export interface ApiModel {
  readonly apiId: string;
  readonly rootResourceId: string;
  readonly stage: Stage;
  readonly binaryMediaTypes: readonly string[];
  readonly root: RouteNode;
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponse>;
}

export interface Stage {
  readonly name: string;
  readonly deploymentId: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly accessLogFormat: string | undefined;
  readonly methodSettings: readonly MethodSetting[];
}

export interface MethodSetting {
  /** `*` or an HTTP method. */
  readonly httpMethod: string;
  /** `/*` or a resource path. */
  readonly resourcePath: string;
  readonly rateLimit: number | undefined;
  readonly burstLimit: number | undefined;
}

/** One resource of the path tree. */
export interface RouteNode {
  readonly resourceId: string;
  /** Path as in the template, e.g. `/v1/devices/{id}`; `/` for the root. */
  readonly path: string;
  readonly literal: Map<string, RouteNode>;
  parameter: { readonly name: string; readonly node: RouteNode } | undefined;
  greedy: { readonly name: string; readonly node: RouteNode } | undefined;
  /** By HTTP method or `ANY`. */
  readonly methods: Map<string, Method>;
}

export interface Method {
  readonly httpMethod: string;
  readonly authorizer: CognitoAuthorizer | undefined;
  readonly authorizationScopes: readonly string[];
  readonly integration: Integration;
  /** Names of parameters that a request must carry, by place. */
  readonly required: { readonly header: readonly string[]; readonly querystring: readonly string[] };
  /** Body schema by content type; empty when nothing is validated. */
  readonly bodySchemas: ReadonlyMap<string, z.ZodType>;
}

export interface CognitoAuthorizer {
  readonly name: string;
  /** Header that carries the token, lower-case. */
  readonly header: string;
  readonly userPoolIds: readonly string[];
}

export type Integration = LambdaIntegration | MockIntegration;

export interface LambdaIntegration {
  readonly type: 'AWS_PROXY';
  readonly functionArn: string;
  readonly streaming: boolean;
  readonly timeoutMs: number;
  /** Role that API Gateway takes to invoke, instead of the function's resource policy. */
  readonly credentials: string | undefined;
}

export interface MockIntegration {
  readonly type: 'MOCK';
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType: string;
  /** Origins that are named in place of the literal one, to who asks from there. */
  readonly otherOrigins?: ReadonlySet<string>;
}

export interface GatewayResponse {
  readonly statusCode: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, string>>;
}
