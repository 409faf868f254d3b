/** Why an assembly cannot be run here. Each one names the stack and what in it is not understood. */
export class AssemblyError extends Error {
  override readonly name: string = 'AssemblyError';
}

/** A resource type that no part of the gateway runs and nobody has declared inert. */
export class UnknownResourceType extends AssemblyError {
  override readonly name: string = 'UnknownResourceType';
  /** For example `AWS::EC2::Instance`. */
  readonly type: string;
  readonly stackName: string;
  readonly logicalId: string;
  constructor(type: string, stack: string, logicalId: string) {
    super(`${type} (${logicalId} in stack ${stack}) is not known to the local gateway`);
    this.type = type;
    this.stackName = stack;
    this.logicalId = logicalId;
  }
}
