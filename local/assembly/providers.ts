/** Functions behind custom resources that the gateway interprets itself. */
import type { Assembly, Resource } from '../types.ts';

/** Custom resources, each with what is done instead of calling its provider. */
const INTERPRETED: ReadonlyMap<string, string> = new Map([
  ['Custom::CDKBucketDeployment', 'local/bucket-deployment puts the files of the assembly into the bucket'],
]);

/**
 * The functions that only custom resources of these types call: they are not run here (CDK's is in Python, with the AWS
 * command line as a layer), and nobody takes their roles.
 */
export const providersOf = (assembly: Assembly): readonly Resource[] => {
  const tokens = new Set(
    [...INTERPRETED.keys()].flatMap((type) =>
      assembly.byType(type).map(({ properties }) => properties['ServiceToken']),
    ),
  );
  return assembly.byType('AWS::Lambda::Function').filter(({ arn }) => arn !== undefined && tokens.has(arn));
};
