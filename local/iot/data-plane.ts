/**
 * The part of the AWS IoT data plane that the application calls: publish, end and look at a connection.
 */
import { AwsError, type AwsService } from '../types.ts';
import type { Broker } from './broker.ts';
import { MAX_PAYLOAD_BYTES, topicFault } from './limits.ts';
import { invalid, restService } from './rest.ts';

/** Service `iotdata`. */
export const dataPlane = (broker: Broker, arnPrefix: string): AwsService =>
  restService('iotdata', [
    {
      route: 'POST /topics/{topic+}',
      access: (call) => ({ action: 'iot:Publish', resource: `${arnPrefix}topic/${call.path['topic']}` }),
      async run({ path, query, request }) {
        const topic = path['topic'] ?? '';
        const fault = /[#+\0]/.test(topic) ? 'a topic has no wildcards' : topicFault(topic);
        if (fault !== undefined) throw invalid(`${topic}: ${fault}`);
        if (request.body.length > MAX_PAYLOAD_BYTES) {
          throw new AwsError(
            'RequestEntityTooLargeException',
            `The payload is longer than ${MAX_PAYLOAD_BYTES} bytes.`,
            413,
          );
        }
        const qos = query.get('qos') ?? '0';
        if (qos !== '0' && qos !== '1') throw invalid(`qos ${qos} is not supported.`);
        await broker.publish(topic, request.body, qos === '1' ? 1 : 0, {
          clientId: 'n/a',
          principal: request.caller,
          sourceIp: 'n/a',
          retain: query.get('retain') === 'true',
        });
        return { message: 'OK' };
      },
    },
    {
      route: 'DELETE /connections/{clientId}',
      access: (call) => ({
        action: 'iot:DeleteConnection',
        resource: `${arnPrefix}client/${call.path['clientId']}`,
      }),
      async run({ path, query }) {
        const clientId = path['clientId'] ?? '';
        const options = {
          clean: query.get('cleanSession') === 'true',
          silent: query.get('preventWillMessage') === 'true',
        };
        if (!(await broker.disconnect(clientId, options))) {
          throw new AwsError('ResourceNotFoundException', `No connection of client ${clientId}.`, 404);
        }
      },
    },
  ]);
