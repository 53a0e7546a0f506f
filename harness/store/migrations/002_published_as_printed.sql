-- Version 2. The view averaged every configuration of a model into one number beside the printed one. What may stand beside a
-- printed number is decided by `verify` alone, in the table verdicts; the view now shows what is printed.

DROP VIEW v_published;
CREATE VIEW v_published AS
  SELECT uid, paper, table_ref, row_ref, col_ref, task, model, variant, metric, split, selected_on, value, low, high, margin, status
  FROM published_values;
