import assert from 'node:assert/strict';
import { bodyFor } from '../../../src/core/restore/podmanBody.ts';

describe('the create-body of a container of a Podman', () => {
  // As Podman 5.8 tells it.
  const body = {
    Cmd: ['sleep', '100'],
    Env: ['PATH=/bin', 'container=podman', 'HOSTNAME=0a2b4ba4e9a4', 'MODE=fast'],
    HostConfig: {
      Binds: ['/tmp:/host:ro,rprivate,rbind', 'data:/data:rprivate,nosuid,nodev,rbind', 'own:/own:z'],
      Annotations: { 'io.container.manager': 'libpod', 'io.podman.annotations.pids-limit': '0', mine: 'x' },
      IpcMode: 'shareable',
      PidMode: 'private',
      UTSMode: 'private',
      Runtime: 'oci',
      Ulimits: [{ Name: 'RLIMIT_NOFILE', Hard: 20000, Soft: 20000 }],
      ShmSize: 65536000,
    },
  };

  it('is put into the words that Docker takes', () => {
    assert.deepEqual(bodyFor('docker', body), {
      Cmd: ['sleep', '100'],
      Env: ['PATH=/bin', 'MODE=fast'],
      HostConfig: {
        Binds: ['/tmp:/host:ro', 'data:/data', 'own:/own:z'],
        Annotations: { mine: 'x' },
        IpcMode: 'shareable',
        Ulimits: [{ Name: 'nofile', Hard: 20000, Soft: 20000 }],
        ShmSize: 65536000,
      },
    });
  });

  it('stays as it is for another Podman, and so does that of a Docker', () => {
    assert.equal(bodyFor('podman', body), body);
    const docker = { ...body, HostConfig: { ...body.HostConfig, Runtime: 'runc' } };
    assert.equal(bodyFor('docker', docker), docker);
    assert.deepEqual(bodyFor('docker', { HostConfig: { Runtime: 'oci', Binds: 'x', Ulimits: [1] } }), {
      HostConfig: { Binds: 'x', Ulimits: [1] },
    });
  });
});
