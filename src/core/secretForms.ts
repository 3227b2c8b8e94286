/** Forms that only secrets have, and who issues them. A key goes to its end, or to that of the text. */
export const secretForms: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----(?:[^]*?-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----|[^]*)/g,
    'private key',
  ],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, 'AWS'],
  [/\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g, 'GitHub'],
  [/\bgithub_pat_[A-Za-z0-9_]{22,255}\b/g, 'GitHub'],
  [/\bglpat-[\w-]{20,64}\b/g, 'GitLab'],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,250}\b/g, 'Slack'],
  [/\bAIza[\w-]{35}\b/g, 'Google'],
  [/\b[rs]k_live_[A-Za-z0-9]{16,100}\b/g, 'Stripe'],
  [/\bnpm_[A-Za-z0-9]{36}\b/g, 'npm'],
  [/\bpypi-AgE[\w-]{50,250}\b/g, 'PyPI'],
  [/\bdckr_pat_[\w-]{20,64}\b/g, 'Docker'],
  [/\bSG\.[\w-]{16,32}\.[\w-]{32,64}\b/g, 'SendGrid'],
  [/\bhf_[A-Za-z0-9]{34}\b/g, 'Hugging Face'],
  [/\bAccountKey=[A-Za-z0-9+/]{80,90}={0,2}/g, 'Azure'],
  [/_authToken=[^\s$"']{10,255}/g, 'npm'],
];
