export { type Delivery, type Mail, type MailAttachment, Mailer, mailerFrom, type MailTimeouts } from './mailer.js';
