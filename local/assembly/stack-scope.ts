/** What the names in one template stand for, and how the stacks of an assembly see one another. */
import { isObject } from '../../contracts/json.ts';
import type { Json, JsonObject } from '../types.ts';
import { type Attributed, attribute } from './attributes.ts';
import { AssemblyError } from './errors.ts';
import { resolve, type Scope, truth } from './intrinsics.ts';
import { nameProperty, physicalId } from './names.ts';
import type { Template, TemplateResource } from './template.ts';

/** What the gateway decides and the template cannot know. */
export interface Environment {
  /** Values for parameters, by name; they win over defaults. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly awsUrl: string;
  readonly issuer: (userPoolId: string) => string;
}

/** The stacks of an assembly, seen from one of them. */
export interface Neighbours {
  exported(name: string): Json | undefined;
  output(stack: string, name: string): Json | undefined;
}

export class StackScope implements Scope {
  readonly stack: string;
  readonly template: Template;
  readonly #environment: Environment;
  readonly #neighbours: Neighbours;
  /** Names and outputs that are being resolved, to tell a circle from a long way. */
  readonly #open = new Set<string>();
  readonly #ids = new Map<string, string>();

  constructor(template: Template, environment: Environment, neighbours: Neighbours) {
    this.stack = template.stack;
    this.template = template;
    this.#environment = environment;
    this.#neighbours = neighbours;
  }

  /** Logical ids whose condition holds. */
  present(): readonly string[] {
    return [...this.template.resources.keys()].filter((logicalId) => this.#exists(logicalId));
  }

  /** Resolved properties of a resource. */
  properties(logicalId: string): JsonObject {
    const where = `${this.stack}/${logicalId}`;
    const value = resolve(this.#resource(logicalId, where).properties, this, where);
    return isObject(value) ? value : {};
  }

  /** Everything about a resource that its attributes are made of. */
  attributed(logicalId: string): Attributed {
    const where = `${this.stack}/${logicalId}`;
    const resource = this.#resource(logicalId, where);
    const naming = {
      stack: this.stack,
      logicalId,
      type: resource.type,
      account: this.template.account,
      region: this.template.region,
      awsUrl: this.#environment.awsUrl,
    };
    return {
      ...naming,
      physicalId: this.#physicalId(naming, resource, where),
      issuer: this.#environment.issuer,
      text: (property) => this.#text(resource, property, where),
    };
  }

  /** Value of an output, or `undefined` when the stack has no such output. */
  output(name: string): Json | undefined {
    const output = this.template.outputs[name];
    if (!isObject(output) || output['Value'] === undefined || !this.#holds(output['Condition'], name)) {
      return undefined;
    }
    const where = `${this.stack} output ${name}`;
    const value = output['Value'];
    return this.#once(where, () => resolve(value, this, where));
  }

  /** Export names of the outputs, resolved. */
  exports(): readonly (readonly [name: string, output: string])[] {
    return Object.entries(this.template.outputs).flatMap(([output, body]) => {
      const declared = isObject(body) && isObject(body['Export']) ? body['Export']['Name'] : undefined;
      const name =
        declared === undefined ? undefined : resolve(declared, this, `${this.stack} export ${output}`);
      return typeof name === 'string' ? [[name, output] as const] : [];
    });
  }

  ref(name: string, where: string): Json | undefined {
    switch (name) {
      case 'AWS::NoValue':
        return undefined;
      case 'AWS::AccountId':
        return this.template.account;
      case 'AWS::Region':
        return this.template.region;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackName':
        return this.stack;
      case 'AWS::StackId':
        return `arn:aws:cloudformation:${this.template.region}:${this.template.account}:stack/${this.stack}/local`;
      default:
        return this.template.resources.has(name)
          ? this.attributed(name).physicalId
          : this.#parameter(name, where);
    }
  }

  getAtt(logicalId: string, name: string, where: string): Json {
    const value = attribute(this.attributed(logicalId), name);
    if (value === undefined) {
      const type = this.#resource(logicalId, where).type;
      throw new AssemblyError(`${where}: attribute ${name} of ${logicalId} (${type}) is not known`);
    }
    return value;
  }

  importValue(name: string, where: string): Json {
    return this.#found(this.#neighbours.exported(name), `${where}: no stack exports ${name}`);
  }

  stackOutput(stack: string, output: string, where: string): Json {
    return this.#found(
      this.#neighbours.output(stack, output),
      `${where}: no output ${output} of stack ${stack}`,
    );
  }

  condition(name: string, where: string): boolean {
    const expression = this.template.conditions[name];
    if (expression === undefined) {
      throw new AssemblyError(`${where}: condition ${name} is not declared`);
    }
    const place = `${this.stack} condition ${name}`;
    return this.#once(place, () => truth(expression, this, place));
  }

  mapping(map: string, top: string, second: string, where: string): Json {
    const entries = this.template.mappings[map];
    const row = isObject(entries) ? entries[top] : undefined;
    const value = isObject(row) ? row[second] : undefined;
    return this.#found(value, `${where}: mapping ${map} has nothing at ${top}.${second}`);
  }

  #found(value: Json | undefined, otherwise: string): Json {
    if (value === undefined) {
      throw new AssemblyError(otherwise);
    }
    return value;
  }

  #once<T>(place: string, work: () => T): T {
    if (this.#open.has(place)) {
      throw new AssemblyError(`${place} refers to itself`);
    }
    this.#open.add(place);
    try {
      return work();
    } finally {
      this.#open.delete(place);
    }
  }

  #holds(condition: Json | undefined, where: string): boolean {
    return typeof condition !== 'string' || this.condition(condition, where);
  }

  #exists(logicalId: string): boolean {
    return this.#holds(this.template.resources.get(logicalId)?.condition, `${this.stack}/${logicalId}`);
  }

  #resource(logicalId: string, where: string): TemplateResource {
    const resource = this.template.resources.get(logicalId);
    if (resource === undefined || !this.#exists(logicalId)) {
      throw new AssemblyError(`${where}: stack ${this.stack} has no resource ${logicalId}`);
    }
    return resource;
  }

  #text(resource: TemplateResource, property: string, where: string): string | undefined {
    const declared = resource.properties[property];
    const place = `${where}.${property}`;
    const value =
      declared === undefined ? undefined : this.#once(place, () => resolve(declared, this, place));
    return typeof value === 'string' ? value : undefined;
  }

  #physicalId(naming: Parameters<typeof physicalId>[0], resource: TemplateResource, where: string): string {
    const known = this.#ids.get(naming.logicalId);
    if (known !== undefined) {
      return known;
    }
    const property = nameProperty(resource.type);
    const id = physicalId(naming, property === undefined ? undefined : this.#text(resource, property, where));
    this.#ids.set(naming.logicalId, id);
    return id;
  }

  #parameter(name: string, where: string): Json {
    const given = this.#environment.parameters[name];
    const declared = this.template.parameters[name];
    if (given !== undefined || !isObject(declared)) {
      return this.#found(given, `${where}: nothing is called ${name} in stack ${this.stack}`);
    }
    if (String(declared['Type']).startsWith('AWS::SSM::')) {
      throw new AssemblyError(`${where}: parameter ${name} is read from SSM, which is not run here`);
    }
    return this.#found(
      declared['Default'],
      `${where}: parameter ${name} of stack ${this.stack} has no default`,
    );
  }
}
