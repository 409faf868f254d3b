/** ARNs of what AWS IoT knows by name. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Kinds of resources in AWS IoT. A `topicfilter` is what one subscribes to, a `topic` what one receives from. */
export type IotResource = 'cert' | 'client' | 'rule' | 'thing' | 'thingtype' | 'topic' | 'topicfilter';

/**
 * ARN of a resource of AWS IoT in the account and region of a construct's stack.
 * @param name its name; may hold `*`, and in policies of devices policy variables
 */
export const iotArn = (scope: Construct, resource: IotResource, name: string): string =>
  Stack.of(scope).formatArn({
    service: 'iot',
    resource,
    resourceName: name,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
