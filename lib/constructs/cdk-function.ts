/** Functions that CDK itself adds, to do at deployment what CloudFormation cannot. */
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

/**
 * Lets cfn-lint pass a function of CDK: it names its role twice, as what it depends on and as its role, and how it is made
 * is not ours to change.
 */
export const acceptDoubleDependency = (provider: IConstruct): void => {
  for (const made of provider.node.findAll())
    if (made instanceof lambda.CfnFunction)
      made.addMetadata('cfn-lint', { config: { ignore_checks: ['W3005'] } });
};
