"""sigflow: compiles Kaitai Struct specs into parsers that survive dirty, endless, partial streams.

The public names are those of `__all__`.  Each is imported when it is first used, so that `import sigflow` is cheap.
"""
