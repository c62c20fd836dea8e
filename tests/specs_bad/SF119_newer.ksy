# 2:31: error SF119: the spec asks for version 0.99 of the language, this is 0.11
meta: {id: newer, ks-version: '0.99'}
