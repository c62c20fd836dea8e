# 3:1: warning SF510: any bytes are a valid header of this format: it cannot be found again after damage
meta: {id: no_evidence}
-sigflow-stream:
seq:
  - {id: body, size: 9}
