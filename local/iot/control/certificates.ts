/**
 * Operations on certificates.
 */
import { AwsError } from '../../types.ts';
import { BadCsr } from '../pki.ts';
import type { Certificate, CertificateStatus } from '../registry.ts';
import { type Call, invalid, type Operation } from '../rest.ts';
import { type ControlPlaneOptions, notFound } from './context.ts';

/** The operations on certificates: made from a request, described, changed, deleted. */
export const certificates = ({
  registry,
  pki,
  arnPrefix,
  account,
}: ControlPlaneOptions): readonly Operation[] => {
  const arn = (id: string): string => `${arnPrefix}cert/${id}`;
  const access = (action: string) => (call: Call) => ({
    action,
    resource: arn(call.path['certificateId'] ?? ''),
  });
  const existing = (call: Call): Certificate => {
    const id = call.path['certificateId'] ?? '';
    const certificate = registry.certificate(id);
    if (certificate === undefined) throw notFound(`Certificate ${id}`);
    return certificate;
  };
  return [
    {
      route: 'POST /certificates',
      access: () => ({ action: 'iot:CreateCertificateFromCsr', resource: '*' }),
      async run(call) {
        const csr = call.json()['certificateSigningRequest'];
        if (typeof csr !== 'string') throw invalid('certificateSigningRequest is missing.');
        const { id, pem } = await pki.signCsr(csr).catch((error: unknown) => {
          throw error instanceof BadCsr ? invalid(error.message, error) : error;
        });
        const now = Date.now();
        const status = call.query.get('setAsActive') === 'true' ? 'ACTIVE' : 'INACTIVE';
        registry.putCertificate({ id, pem, status, created: now, modified: now });
        return { certificateArn: arn(id), certificateId: id, certificatePem: pem };
      },
    },
    {
      route: 'GET /certificates/{certificateId}',
      access: access('iot:DescribeCertificate'),
      run(call) {
        const { id, pem, status, created, modified } = existing(call);
        return {
          certificateDescription: {
            certificateArn: arn(id),
            certificateId: id,
            status,
            certificatePem: pem,
            ownedBy: account,
            creationDate: created / 1000,
            lastModifiedDate: modified / 1000,
            certificateMode: 'DEFAULT',
          },
        };
      },
    },
    {
      route: 'PUT /certificates/{certificateId}',
      access: access('iot:UpdateCertificate'),
      run(call) {
        const certificate = existing(call);
        const status = statusOf(call.query.get('newStatus'));
        registry.putCertificate({ ...certificate, status, modified: Date.now() });
        return {};
      },
    },
    {
      route: 'DELETE /certificates/{certificateId}',
      access: access('iot:DeleteCertificate'),
      run(call) {
        const { id, status } = existing(call);
        if (status === 'ACTIVE') {
          throw new AwsError(
            'CertificateStateException',
            `Certificate ${id} must be deactivated before deletion.`,
            406,
          );
        }
        const force = call.query.get('forceDelete') === 'true';
        if (registry.thingsOf(id).size > 0) {
          throw new AwsError(
            'DeleteConflictException',
            `Things must be detached before deletion (arn: ${arn(id)})`,
            409,
          );
        }
        if (registry.policiesOf(id).size > 0 && !force) {
          throw new AwsError(
            'DeleteConflictException',
            `Certificate policies must be detached before deletion (arn: ${arn(id)})`,
            409,
          );
        }
        registry.removeCertificate(id);
        return {};
      },
    },
  ];
};

const statusOf = (value: string | null): CertificateStatus => {
  if (value === 'ACTIVE' || value === 'INACTIVE' || value === 'REVOKED') return value;
  throw invalid(`newStatus ${value} is not ACTIVE, INACTIVE or REVOKED.`);
};
