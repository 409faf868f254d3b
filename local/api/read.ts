/** Reads a REST API out of the templates. */
import * as z from 'zod';
import type { Assembly, Resource } from '../types.ts';
import { firewallTypes } from './firewall/index.ts';
import type { ApiModel, CognitoAuthorizer, GatewayResponse, Method, RouteNode, Stage } from './model.ts';
import * as properties from './properties.ts';
import { readIntegration } from './read-integration.ts';

/** CloudFormation types that the local API runs or knows to be without effect on one computer. */
export const resourceTypes: readonly string[] = [
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::RequestValidator',
  'AWS::ApiGateway::Model',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Deployment',
  'AWS::ApiGateway::Stage',
  'AWS::ApiGateway::Account',
  ...firewallTypes,
];

/**
 * Reads the REST API of an assembly.
 * @returns `undefined` when the assembly has none
 * @throws {Error} naming what is declared and not supported, or does not fit together
 */
export function readApi(assembly: Assembly): ApiModel | undefined {
  const [api, another] = assembly.byType('AWS::ApiGateway::RestApi');
  if (!api) return undefined;
  if (another) {
    throw new Error(`one REST API runs locally, the assembly has ${api.logicalId} and ${another.logicalId}`);
  }
  const root = readTree(assembly, api);
  return {
    apiId: api.physicalId,
    rootResourceId: root.resourceId,
    stage: readStage(assembly, api),
    binaryMediaTypes: properties.read(properties.restApi, api).BinaryMediaTypes,
    root,
    gatewayResponses: readGatewayResponses(assembly),
  };
}

const newNode = (resourceId: string, path: string): RouteNode => ({
  resourceId,
  path,
  literal: new Map(),
  parameter: undefined,
  greedy: undefined,
  methods: new Map(),
});

function readTree(assembly: Assembly, api: Resource): RouteNode {
  const root = newNode(`${api.physicalId}-root`, '/');
  const declared = new Map(assembly.byType('AWS::ApiGateway::Resource').map((r) => [r.physicalId, r]));
  const nodes = new Map<string, RouteNode>();
  // The root is no resource of the template: whatever names no declared resource is Fn::GetAtt RootResourceId.
  const nodeOf = (id: string): RouteNode => {
    const known = nodes.get(id);
    if (known) return known;
    const resource = declared.get(id);
    if (!resource) return root;
    const { ParentId, PathPart } = properties.read(properties.resource, resource);
    const parent = nodeOf(ParentId);
    const node = newNode(id, `${parent.path === '/' ? '' : parent.path}/${PathPart}`);
    nodes.set(id, node);
    attach(parent, PathPart, node);
    return node;
  };
  for (const id of declared.keys()) nodeOf(id);
  for (const resource of assembly.byType('AWS::ApiGateway::Method')) {
    const method = readMethod(assembly, resource);
    nodeOf(properties.read(properties.method, resource).ResourceId).methods.set(method.httpMethod, method);
  }
  return root;
}

function attach(parent: RouteNode, part: string, node: RouteNode): void {
  const variable = /^\{([\w.:-]+)(\+?)\}$/.exec(part);
  if (!variable) parent.literal.set(part, node);
  else if (variable[2] === '+') parent.greedy = { name: variable[1] ?? '', node };
  else if (parent.parameter)
    throw new Error(`${node.path}: a resource has one path variable among its children`);
  else parent.parameter = { name: variable[1] ?? '', node };
}

function readMethod(assembly: Assembly, resource: Resource): Method {
  const method = properties.read(properties.method, resource);
  const validator = find(assembly, method.RequestValidatorId, 'AWS::ApiGateway::RequestValidator', resource);
  const validates = validator && properties.read(properties.validator, validator);
  const required = (place: string): string[] => {
    const prefix = `method.request.${place}.`;
    if (!validates?.ValidateRequestParameters) return [];
    return Object.entries(method.RequestParameters).flatMap(([name, needed]) =>
      needed && name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
    );
  };
  return {
    httpMethod: method.HttpMethod.toUpperCase(),
    authorizer:
      method.AuthorizationType === 'NONE'
        ? undefined
        : readAuthorizer(assembly, method.AuthorizerId, resource),
    authorizationScopes: method.AuthorizationScopes,
    integration: readIntegration(assembly, resource, method.Integration),
    required: { header: required('header'), querystring: required('querystring') },
    bodySchemas: validates?.ValidateRequestBody
      ? readBodySchemas(assembly, method.RequestModels, resource)
      : new Map(),
  };
}

function find(
  assembly: Assembly,
  id: string | undefined,
  type: string,
  user: Resource,
): Resource | undefined {
  if (id === undefined) return undefined;
  const found = assembly.byType(type).find((candidate) => candidate.physicalId === id);
  if (!found)
    throw new Error(`${user.type} ${user.logicalId} names ${id}, which is no ${type} of the assembly`);
  return found;
}

function readAuthorizer(assembly: Assembly, id: string | undefined, user: Resource): CognitoAuthorizer {
  const resource = find(assembly, id, 'AWS::ApiGateway::Authorizer', user);
  if (!resource) throw new Error(`${user.type} ${user.logicalId}: AuthorizerId is missing`);
  const authorizer = properties.read(properties.authorizer, resource);
  return {
    name: authorizer.Name,
    header: authorizer.IdentitySource.slice('method.request.header.'.length).toLowerCase(),
    userPoolIds: authorizer.ProviderARNs.map((arn) => {
      const pool = assembly.find(arn);
      if (!pool)
        throw new Error(`${resource.type} ${resource.logicalId}: no user pool ${arn} in the assembly`);
      return pool.physicalId;
    }),
  };
}

function readBodySchemas(
  assembly: Assembly,
  models: Readonly<Record<string, string>>,
  user: Resource,
): Map<string, z.ZodType> {
  const schemas = new Map<string, z.ZodType>();
  for (const [contentType, id] of Object.entries(models)) {
    if (id === 'Empty') continue;
    const resource = find(assembly, id, 'AWS::ApiGateway::Model', user);
    if (!resource) continue;
    const { Schema } = properties.read(properties.bodyModel, resource);
    const schema = z.looseObject({}).parse(typeof Schema === 'string' ? JSON.parse(Schema) : Schema);
    schemas.set(contentType, z.fromJSONSchema(schema));
  }
  return schemas;
}

function readStage(assembly: Assembly, api: Resource): Stage {
  for (const deployment of assembly.byType('AWS::ApiGateway::Deployment')) {
    properties.read(properties.deployment, deployment);
  }
  const [resource, another] = assembly.byType('AWS::ApiGateway::Stage');
  if (!resource) throw new Error(`${api.type} ${api.logicalId} has no AWS::ApiGateway::Stage`);
  if (another) throw new Error(`one stage runs locally, the assembly has also ${another.logicalId}`);
  const stage = properties.read(properties.stage, resource);
  return {
    name: stage.StageName,
    deploymentId: stage.DeploymentId,
    variables: stage.Variables,
    accessLogFormat: stage.AccessLogSetting?.Format,
    methodSettings: stage.MethodSettings.map((setting) => ({
      httpMethod: setting.HttpMethod,
      // In a stage the slashes of a resource path are written ~1, as in a JSON Pointer.
      resourcePath:
        setting.ResourcePath === '/*' ? '/*' : setting.ResourcePath.slice(1).replaceAll('~1', '/') || '/',
      rateLimit: setting.ThrottlingRateLimit,
      burstLimit: setting.ThrottlingBurstLimit,
    })),
  };
}

function readGatewayResponses(assembly: Assembly): Map<string, GatewayResponse> {
  const prefix = 'gatewayresponse.header.';
  return new Map(
    assembly.byType('AWS::ApiGateway::GatewayResponse').map((resource) => {
      const response = properties.read(properties.gatewayResponse, resource);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.ResponseParameters)) {
        if (!name.startsWith(prefix)) {
          throw new Error(`${resource.type} ${resource.logicalId}: ${name} is not supported locally`);
        }
        if (!/^('.*'|context\.[\w.-]+)$/s.test(value)) {
          throw new Error(
            `${resource.type} ${resource.logicalId}: ${name}: ${value} is not supported locally`,
          );
        }
        headers[name.slice(prefix.length)] = value;
      }
      for (const template of Object.values(response.ResponseTemplates)) {
        const rest = template.replaceAll(/\$context\.[A-Za-z]/g, '');
        if (/\$|#\s*(set|if|else|end|foreach)/.test(rest)) {
          throw new Error(
            `${resource.type} ${resource.logicalId}: VTL beyond $context is not supported locally`,
          );
        }
      }
      const entry: GatewayResponse = {
        statusCode: response.StatusCode,
        headers,
        templates: response.ResponseTemplates,
      };
      return [response.ResponseType, entry];
    }),
  );
}
