/** Reads what `cdk synth` has written and resolves it to plain resources. */
import type { Assembly, JsonObject, Resource } from '../types.ts';
import { arnOf } from './attributes.ts';
import { AssemblyError } from './errors.ts';
import { readManifest } from './manifest.ts';
import { type Environment, StackScope } from './stack-scope.ts';

export { AssemblyError, UnknownResourceType } from './errors.ts';
export { assertKnownTypes, INERT_TYPES } from './known-types.ts';

/** Addresses that stand in resolved templates; without them those of AWS itself do. */
export interface LoadOptions {
  /** Values of template parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Origin of the local AWS endpoint: the `Ref` of a queue is a URL, and the SDK calls where it points. */
  readonly awsUrl?: string;
  /** URL of a user pool's issuer (`ProviderURL`). */
  readonly issuer?: (userPoolId: string) => string;
}

function connect(manifest: ReturnType<typeof readManifest>, environment: Environment): readonly StackScope[] {
  const exports = new Map<string, readonly [StackScope, string]>();
  const scopes: readonly StackScope[] = manifest.templates.map(
    (template) =>
      new StackScope(template, environment, {
        exported: (name) => {
          const found = exports.get(name);
          return found?.[0].output(found[1]);
        },
        output: (stack, name) => scopes.find((scope) => scope.stack === stack)?.output(name),
      }),
  );
  for (const scope of scopes) {
    for (const [name, output] of scope.exports()) {
      if (exports.has(name)) {
        throw new AssemblyError(`${name} is exported twice, the second time by stack ${scope.stack}`);
      }
      exports.set(name, [scope, output]);
    }
  }
  return scopes;
}

function outputsOf(scope: StackScope): JsonObject {
  return Object.fromEntries(
    Object.keys(scope.template.outputs).flatMap((name) => {
      const value = scope.output(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function index(resources: readonly Resource[]): ReadonlyMap<string, Resource> {
  const found = new Map<string, Resource>();
  for (const resource of resources) {
    if (resource.arn !== undefined) {
      found.set(resource.arn, resource);
    }
  }
  for (const resource of resources) {
    if (!found.has(resource.physicalId)) {
      found.set(resource.physicalId, resource);
    }
  }
  return found;
}

/**
 * Loads a cloud assembly.
 * @param dir folder that `cdk synth` has written (`cdk.out`)
 * @throws {AssemblyError} naming stack and place of what cannot be resolved: an intrinsic function, an
 *   attribute, a reference, a parameter without default
 */
export function loadAssembly(dir: string, options: LoadOptions = {}): Assembly {
  const manifest = readManifest(dir);
  const region = manifest.templates[0]?.region ?? 'us-east-1';
  const account = manifest.templates[0]?.account ?? '000000000000';
  const scopes = connect(manifest, {
    parameters: options.parameters ?? {},
    awsUrl: options.awsUrl ?? `https://sqs.${region}.amazonaws.com`,
    issuer: options.issuer ?? ((pool) => `https://cognito-idp.${region}.amazonaws.com/${pool}`),
  });
  const resources = scopes.flatMap((scope) =>
    scope.present().map((logicalId): Resource => {
      const attributed = scope.attributed(logicalId);
      return {
        stack: scope.stack,
        logicalId,
        type: attributed.type,
        properties: scope.properties(logicalId),
        physicalId: attributed.physicalId,
        arn: arnOf(attributed),
      };
    }),
  );
  const byType = Map.groupBy(resources, (resource) => resource.type);
  const byId = index(resources);
  return {
    account,
    region,
    resources,
    byType: (type) => byType.get(type) ?? [],
    find: (arnOrId) => byId.get(arnOrId),
    assetPath: (objectKey) => {
      const path = manifest.assets.get(objectKey);
      if (path === undefined) {
        throw new AssemblyError(`${dir} has no asset ${objectKey}`);
      }
      return path;
    },
    outputs: new Map(scopes.map((scope) => [scope.stack, outputsOf(scope)])),
  };
}
