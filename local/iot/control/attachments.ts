/**
 * What is attached to what: things and policies to certificates.
 */
import { type Call, invalid, type Operation } from '../rest.ts';
import { type ControlPlaneOptions, notFound } from './context.ts';

/** The operations that attach and detach, and that list what is attached. */
export const attachments = (options: ControlPlaneOptions): readonly Operation[] => {
  const { registry, arnPrefix, policies, log } = options;
  const certificateOf = (arn: unknown): string => {
    const prefix = `${arnPrefix}cert/`;
    if (typeof arn !== 'string' || !arn.startsWith(prefix))
      throw invalid(`${String(arn)} is not the ARN of a certificate.`);
    const id = arn.slice(prefix.length);
    if (registry.certificate(id) === undefined) throw notFound(`Certificate ${id}`);
    return id;
  };
  const principalOf = (call: Call): string => certificateOf(call.request.headers['x-amzn-principal']);
  const thingOf = (call: Call): string => {
    const name = call.path['thingName'] ?? '';
    if (registry.thing(name) === undefined) throw notFound(`Thing ${name}`);
    return name;
  };
  const policyOf = (call: Call): string => {
    const name = call.path['policyName'] ?? '';
    if (!policies.has(name)) throw notFound(`Policy ${name}`);
    return name;
  };
  const onPrincipal = (action: string) => (call: Call) => ({
    action,
    resource: String(call.request.headers['x-amzn-principal'] ?? '*'),
  });
  const onTarget = (action: string) => (call: Call) => ({
    action,
    resource: String(call.json()['target'] ?? '*'),
  });
  return [
    {
      route: 'PUT /things/{thingName}/principals',
      access: onPrincipal('iot:AttachThingPrincipal'),
      run(call) {
        const type = call.query.get('thingPrincipalType');
        if (type !== null && type !== 'NON_EXCLUSIVE_THING') {
          throw invalid(`thingPrincipalType ${type} is not supported locally.`);
        }
        registry.attachThing(principalOf(call), thingOf(call));
      },
    },
    {
      route: 'DELETE /things/{thingName}/principals',
      access: onPrincipal('iot:DetachThingPrincipal'),
      run(call) {
        registry.detachThing(principalOf(call), thingOf(call));
      },
    },
    {
      route: 'GET /things/{thingName}/principals',
      access: (call) => ({
        action: 'iot:ListThingPrincipals',
        resource: `${arnPrefix}thing/${call.path['thingName']}`,
      }),
      run: (call) => ({
        principals: [...registry.certificatesOf(thingOf(call))].map((id) => `${arnPrefix}cert/${id}`),
      }),
    },
    {
      route: 'GET /principals/things',
      access: onPrincipal('iot:ListPrincipalThings'),
      run: (call) => ({ things: [...registry.thingsOf(principalOf(call))] }),
    },
    {
      route: 'PUT /target-policies/{policyName}',
      access: onTarget('iot:AttachPolicy'),
      run(call) {
        registry.attachPolicy(certificateOf(call.json()['target']), policyOf(call));
      },
    },
    {
      route: 'POST /target-policies/{policyName}',
      access: onTarget('iot:DetachPolicy'),
      run(call) {
        const policy = call.path['policyName'] ?? '';
        if (!policies.has(policy))
          log('warn', 'detaching a policy that the templates do not have', { policy });
        registry.detachPolicy(certificateOf(call.json()['target']), policy);
      },
    },
    {
      route: 'POST /attached-policies/{target}',
      access: (call) => ({ action: 'iot:ListAttachedPolicies', resource: call.path['target'] ?? '*' }),
      run: (call) => ({
        policies: [...registry.policiesOf(certificateOf(call.path['target']))].map((policyName) => ({
          policyName,
          policyArn: `${arnPrefix}policy/${policyName}`,
        })),
      }),
    },
  ];
};
