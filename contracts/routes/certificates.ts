/** Certificates of devices: made, listed, revoked. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { certificateRequest, deviceCertificate, issuedCertificate } from '../resources/certificates.ts';
import { removal } from '../resources/reason.ts';
import { idParams, json, ok, page, problems, route } from './route.ts';

/** Routes of certificates. */
export const CERTIFICATES_ROUTES = {
  listCertificates: route(
    { service: 'control-api', permission: 'devices:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/certificates',
      summary: 'List the certificates of a device: those that count, and the last that were revoked',
      tags: ['devices'],
      request: { params: idParams },
      responses: {
        200: ok(page(deviceCertificate).meta({ id: 'CertificatePage' }), 'All of them'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  issueCertificate: route(
    { service: 'control-api', permission: 'certificates:manage' },
    {
      method: 'post',
      path: '/v1/devices/{id}/certificates',
      summary: 'Make another certificate for a device, by a signing request of a new key',
      description:
        'The one of before goes on counting until it is revoked; two at most count at a time. A request of the same key is answered with the same certificate.',
      tags: ['devices'],
      request: { params: idParams, body: { content: json(certificateRequest), required: true } },
      responses: {
        201: ok(issuedCertificate, 'The certificate'),
        ...problems(
          'invalid-request',
          'not-found',
          'conflict',
          'device-busy',
          'device-retired',
          'too-many-certificates',
          'invalid-csr',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  revokeCertificate: route(
    { service: 'control-api', permission: 'certificates:manage' },
    {
      method: 'delete',
      path: '/v1/devices/{id}/certificates/{certificate}',
      summary: 'Revoke a certificate for good',
      description:
        'A device that is connected by it is cut. Without another certificate it cannot come back until it gets one.',
      tags: ['devices'],
      request: {
        params: z.object({ id: slug, certificate: z.string().regex(/^[0-9a-f]{64}$/) }),
        body: { content: json(removal), required: true },
      },
      responses: {
        200: ok(deviceCertificate, 'The certificate as it is now'),
        ...problems('invalid-request', 'not-found', 'body-too-large', 'unsupported-media-type'),
      },
    },
  ),
} as const;
