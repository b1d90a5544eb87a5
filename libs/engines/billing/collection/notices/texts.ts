/**
 * The sentences of billing's notices: the debt, the next steps with their times, what stays possible, how to pay. Amounts
 * and instants are given as formatted text; nothing is computed here.
 */
import type { NoticeStep } from '../../access/index.js';
import type { Language } from '../../invoicing/index.js';

/** The values that the sentences need, already formatted as text. */
export interface NoticeWords {
  readonly name: string;
  /** One total per currency; amounts of different currencies are never added. */
  readonly total: string;
  readonly invoices: readonly { readonly number: string; readonly due: string; readonly owed: string }[];
  /** Null once that moment has passed, because the notice was delayed: the step can then happen at any time. */
  readonly limitedAt: string | null;
  readonly wasSuspended: boolean;
  readonly storeUrl: string | null;
}

interface NoticeText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
}

type NoticeTexts = Readonly<Record<NoticeStep, Readonly<Record<Language, (words: NoticeWords) => NoticeText>>>>;

const lines = (...all: readonly string[]) => all.join('\n');

const pt = {
  hello: (w: NoticeWords) => `Olá, ${w.name},`,
  owed: (w: NoticeWords) =>
    lines(
      ...w.invoices.map(({ number, due, owed }) => `  • Fatura nº ${number}, vencida em ${due}: ${owed}`),
      `  Total em aberto: ${w.total}`,
    ),
  limit: (w: NoticeWords) =>
    w.limitedAt === null
      ? 'O prazo para o pagamento já passou, e o acesso à loja pode ser limitado a qualquer momento.'
      : `Se o pagamento não chegar até ${w.limitedAt}, o acesso à loja será limitado.`,
  stays:
    'Mesmo com o acesso limitado, você continua podendo entrar, consultar tudo, exportar os seus dados e pagar. Nada é apagado.',
  pay: (w: NoticeWords) =>
    `Como pagar: entre na sua loja${w.storeUrl === null ? '' : ` (${w.storeUrl})`} e abra as faturas. Assim que o pagamento for registrado, ${w.wasSuspended ? 'o acesso volta sozinho' : 'este assunto se encerra sozinho'}.`,
  paid: 'Se você já pagou, desconsidere esta mensagem. Se algo não estiver certo, responda a este e-mail: a gente resolve junto.',
};

const en = {
  hello: (w: NoticeWords) => `Hello, ${w.name},`,
  owed: (w: NoticeWords) =>
    lines(
      ...w.invoices.map(({ number, due, owed }) => `  • Invoice no. ${number}, due on ${due}: ${owed}`),
      `  Total outstanding: ${w.total}`,
    ),
  limit: (w: NoticeWords) =>
    w.limitedAt === null
      ? 'The time to pay is over, and access to the store may be limited at any moment.'
      : `If no payment arrives by ${w.limitedAt}, access to the store will be limited.`,
  stays: 'With limited access you can still sign in, read everything, export your data and pay. Nothing is deleted.',
  pay: (w: NoticeWords) =>
    `How to pay: sign in to your store${w.storeUrl === null ? '' : ` (${w.storeUrl})`} and open your invoices. As soon as the payment is recorded, ${w.wasSuspended ? 'access comes back by itself' : 'this is over, with nothing more for you to do'}.`,
  paid: 'If you have paid already, please disregard this message. If something is not right, reply to this e-mail and we will sort it out together.',
};

const es = {
  hello: (w: NoticeWords) => `Hola, ${w.name}:`,
  owed: (w: NoticeWords) =>
    lines(
      ...w.invoices.map(({ number, due, owed }) => `  • Factura n.º ${number}, vencida el ${due}: ${owed}`),
      `  Total pendiente: ${w.total}`,
    ),
  limit: (w: NoticeWords) =>
    w.limitedAt === null
      ? 'El plazo de pago ya terminó, y el acceso a la tienda puede limitarse en cualquier momento.'
      : `Si el pago no llega antes del ${w.limitedAt}, el acceso a la tienda quedará limitado.`,
  stays: 'Incluso con el acceso limitado puedes entrar, consultar todo, exportar tus datos y pagar. No se borra nada.',
  pay: (w: NoticeWords) =>
    `Cómo pagar: entra en tu tienda${w.storeUrl === null ? '' : ` (${w.storeUrl})`} y abre las facturas. En cuanto se registre el pago, ${w.wasSuspended ? 'el acceso vuelve solo' : 'este asunto se cierra solo'}.`,
  paid: 'Si ya pagaste, no tengas en cuenta este mensaje. Si algo no está bien, responde a este correo y lo resolvemos juntos.',
};

const dunning = (words: typeof pt, w: NoticeWords, opening: string, ...middle: readonly string[]) => [
  words.hello(w),
  opening,
  words.owed(w),
  ...middle,
  words.stays,
  words.pay(w),
  words.paid,
];

export const noticeTexts: NoticeTexts = {
  opened: {
    'pt-BR': (w) => ({
      subject: `Pagamento em aberto: ${w.total}`,
      paragraphs: dunning(pt, w, 'O pagamento abaixo venceu e ainda não chegou até nós:', pt.limit(w)),
    }),
    en: (w) => ({
      subject: `Payment outstanding: ${w.total}`,
      paragraphs: dunning(en, w, 'The payment below is past its due date and has not reached us yet:', en.limit(w)),
    }),
    es: (w) => ({
      subject: `Pago pendiente: ${w.total}`,
      paragraphs: dunning(es, w, 'El siguiente pago venció y todavía no nos ha llegado:', es.limit(w)),
    }),
  },
  reminder_48h: {
    'pt-BR': (w) => ({
      subject: `Lembrete: ${w.total} em aberto`,
      paragraphs: dunning(pt, w, 'Um lembrete: este pagamento continua em aberto.', pt.limit(w)),
    }),
    en: (w) => ({
      subject: `Reminder: ${w.total} outstanding`,
      paragraphs: dunning(en, w, 'A reminder: this payment is still outstanding.', en.limit(w)),
    }),
    es: (w) => ({
      subject: `Recordatorio: ${w.total} pendientes de pago`,
      paragraphs: dunning(es, w, 'Un recordatorio: este pago sigue pendiente.', es.limit(w)),
    }),
  },
  reminder_96h: {
    'pt-BR': (w) => ({
      subject: `Segundo lembrete: ${w.total} em aberto`,
      paragraphs: dunning(
        pt,
        w,
        'Este pagamento continua em aberto. Se o cartão foi recusado, vale conferir o limite e a validade ou cadastrar outro.',
        pt.limit(w),
      ),
    }),
    en: (w) => ({
      subject: `Second reminder: ${w.total} outstanding`,
      paragraphs: dunning(
        en,
        w,
        'This payment is still outstanding. If the card was declined, check its limit and expiry date, or add another one.',
        en.limit(w),
      ),
    }),
    es: (w) => ({
      subject: `Segundo recordatorio: ${w.total} pendientes de pago`,
      paragraphs: dunning(
        es,
        w,
        'Este pago sigue pendiente. Si la tarjeta fue rechazada, revisa su límite y su vencimiento, o agrega otra.',
        es.limit(w),
      ),
    }),
  },
  final_warning: {
    'pt-BR': (w) => ({
      subject: `Último aviso antes de limitar o acesso: ${w.total} em aberto`,
      paragraphs: dunning(pt, w, 'Este é o último aviso antes de limitarmos o acesso à loja.', pt.limit(w)),
    }),
    en: (w) => ({
      subject: `Last notice before access is limited: ${w.total} outstanding`,
      paragraphs: dunning(en, w, 'This is the last notice before we limit access to the store.', en.limit(w)),
    }),
    es: (w) => ({
      subject: `Último aviso antes de limitar el acceso: ${w.total} pendientes de pago`,
      paragraphs: dunning(es, w, 'Este es el último aviso antes de limitar el acceso a la tienda.', es.limit(w)),
    }),
  },
  suspended: {
    'pt-BR': (w) => ({
      subject: `Acesso limitado: ${w.total} em aberto`,
      paragraphs: dunning(
        pt,
        w,
        'O acesso à loja está limitado: por enquanto não é possível criar nem alterar nada, e as integrações estão pausadas. O motivo é este pagamento:',
      ),
    }),
    en: (w) => ({
      subject: `Access limited: ${w.total} outstanding`,
      paragraphs: dunning(
        en,
        w,
        'Access to the store is limited: for now nothing can be created or changed, and integrations are paused. The reason is this payment:',
      ),
    }),
    es: (w) => ({
      subject: `Acceso limitado: ${w.total} pendientes de pago`,
      paragraphs: dunning(
        es,
        w,
        'El acceso a la tienda está limitado: por ahora no se puede crear ni modificar nada, y las integraciones están en pausa. El motivo es este pago:',
      ),
    }),
  },
  restored: {
    'pt-BR': (w) => ({
      subject: 'Tudo em dia, obrigado!',
      paragraphs: [
        pt.hello(w),
        w.wasSuspended
          ? 'Recebemos o pagamento e não há mais nada vencido. O acesso à loja está completo de novo, com tudo como estava.'
          : 'Recebemos o pagamento e não há mais nada vencido. A loja segue funcionando normalmente.',
        'Obrigado, e boas vendas!',
      ],
    }),
    en: (w) => ({
      subject: 'All settled, thank you!',
      paragraphs: [
        en.hello(w),
        w.wasSuspended
          ? 'The payment has arrived and nothing is past due any more. The store has full access again, with everything as it was.'
          : 'The payment has arrived and nothing is past due any more. The store carries on as usual.',
        'Thank you, and good business!',
      ],
    }),
    es: (w) => ({
      subject: 'Todo al día, ¡gracias!',
      paragraphs: [
        es.hello(w),
        w.wasSuspended
          ? 'Recibimos el pago y ya no hay nada vencido. La tienda vuelve a tener acceso completo, con todo como estaba.'
          : 'Recibimos el pago y ya no hay nada vencido. La tienda sigue funcionando con normalidad.',
        '¡Gracias y buenas ventas!',
      ],
    }),
  },
};
